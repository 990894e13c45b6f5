// Prints problems, and what is not sent by what it has in common. Called by `problems` and
// `status --by`; the gathering is src/app/problems'.

import type { Problem, Tally, UnsentGroup } from "../../app/problems/groups.ts";
import { formatAge } from "../../display/ages.ts";
import { paint } from "../../display/colour.ts";
import { plural } from "../../display/plural.ts";
import { sanitise } from "../../display/sanitise.ts";
import { formatTable } from "../../display/table.ts";
import { formatMoment } from "../../display/timestamps.ts";
import type { Reply } from "../../queue/outcome.ts";
import type { Output } from "../frame/output.ts";
import { isoTime } from "./json_shapes.ts";

/** Domains and relays that a problem names. */
const NAMED = 3;

/** Prints each problem: as a line of JSON, or as a few lines with what to do. */
export function printProblems(output: Output, problems: readonly Problem[], now: number): void {
  for (const problem of problems) {
    if (output.isJson) output.json(problemShape(problem));
    else printProblem(output, problem, now);
  }
}

function problemShape(problem: Problem): Record<string, unknown> {
  const { number, reply, messages, recipients, open, relays, domains, hint } = problem;
  return {
    number,
    code: reply.code,
    enhanced: reply.enhanced,
    reply: reply.text,
    messages,
    recipients,
    open,
    failed: recipients - open,
    relays: relays.entries.map(([name]) => name),
    domains: domains.entries.map(([domain, count]) => ({ domain, count })),
    first_seen: isoTime(problem.firstSeen),
    last_seen: isoTime(problem.lastSeen),
    hint,
  };
}

function printProblem(output: Output, problem: Problem, now: number): void {
  const { number, messages, recipients, open, relays, domains, firstSeen, lastSeen } = problem;
  const failed = recipients - open;
  const states = [
    ...open > 0 ? [`${open} ${open === 1 ? "waits" : "wait"}`] : [],
    ...failed > 0 ? [`${failed} failed`] : [],
  ];
  const facts = [
    `${messages} ${plural(messages, "message")}`,
    `${recipients} ${plural(recipients, "recipient")} (${states.join(", ")})`,
    ...relays.entries.length > 0 ? [`relay ${topOf(relays, (name) => name)}`] : [],
    topOf(domains, (domain, count) => `${domain} (${count})`),
  ];
  output.line(`${paint(String(number), "bold", output)}  ${sanitise(facts.join("; "))}`);
  output.line(`       ${sanitise(replyText(problem.reply))}`);
  if (firstSeen !== null && lastSeen !== null) {
    const [first, last] = [firstSeen, lastSeen].map((at) => formatMoment(at, now));
    output.line(`       first seen ${first}, last seen ${last}`);
  }
  output.line(`       ${sanitise(adviceOf(problem))}`);
}

function topOf(tally: Tally, show: (text: string, count: number) => string): string {
  const { entries } = tally;
  const named = entries.slice(0, NAMED).map(([text, count]) => show(text, count));
  if (entries.length > NAMED) named.push(`${entries.length - NAMED} more`);
  return named.join(", ");
}

/** What to do: what is known of the reply, and the command for what waits or has failed. */
function adviceOf({ number, hint, open, recipients }: Problem): string {
  const commands = [
    ...open > 0 ? [`\`mailq retry --problem ${number}\` tries again now`] : [],
    ...open < recipients
      ? [`\`mailq resend --problem ${number}\` queues again what has failed`]
      : [],
  ];
  return [...hint === null ? [] : [hint], ...commands].join("; ");
}

function replyText({ code, enhanced, text }: Reply): string {
  return [code, enhanced, text].filter((part) => part !== null && part !== "").join(" ");
}

/** Prints groups of what is not sent as a table, or each as a line of JSON. */
export async function printGroups(
  output: Output,
  groups: readonly UnsentGroup[],
  { title, now }: { readonly title: string; readonly now: number },
): Promise<void> {
  if (output.isJson) {
    for (const { name, messages, queued, deferred, failed, oldestAt } of groups) {
      const oldest_at = isoTime(oldestAt);
      output.json({ [title]: name, messages, queued, deferred, failed, oldest_at });
    }
    return;
  }
  const columns = [
    { title: title.toUpperCase(), min: 12 },
    { title: "MESSAGES", align: "right", min: 8 },
    { title: "QUEUED", align: "right", min: 6 },
    { title: "DEFERRED", align: "right", min: 8 },
    { title: "FAILED", align: "right", min: 6 },
    { title: "OLDEST", align: "right", min: 6 },
  ] as const;
  const rows = groups.map((group) => [
    group.name,
    String(group.messages),
    String(group.queued),
    String(group.deferred),
    String(group.failed),
    formatAge(group.oldestAt, now),
  ]);
  for (const line of await formatTable(columns, rows, output.columns)) output.line(line);
}
