// The problems of the queue: what is wrong with it as a whole, then what waits or has failed by its
// refusal, with what to do. Enter lists a problem's messages; actions are for all of them.

import { formatMoment } from "../../display/timestamps.ts";
import { refusalKey } from "../../queue/policy/refusal_words.ts";
import type { ProblemRow, ProblemsData } from "../data/views/problems.ts";
import { openFilter } from "../model/list/window.ts";
import { type Trouble, troublesOf } from "../model/trouble.ts";
import { step } from "../model/events.ts";
import { cell, type Line, lineWidth } from "../screens/line.ts";
import type { View, ViewRow } from "./view.ts";

/** Domains and relays that a row names. */
const NAMED = 3;
const INDENT = 9;

export const problemsView: View<"problems"> = {
  title: "Problems",
  rows(data, { state, columns }) {
    const troubles = troublesOf(state);
    const rows: ViewRow[] = troubles.flatMap((trouble) => troubleRows(trouble, columns));
    if (rows.length > 0) rows.push({ line: [] });
    rows.push({ line: summary(data, columns) });
    for (const problem of data) rows.push(...problemRows(problem, state.now, columns));
    return rows;
  },
  open(state, data, key) {
    const problem = problemOf(data, key);
    if (problem !== null) return openFilter(state, `problem:${problem.number}`);
    const part = troublesOf(state).find((one) => one.key === key)?.part;
    return part?.scope === "relay" ? openFilter(state, `relay:${part.value}`) : step(state);
  },
  messages(data, key) {
    const problem = problemOf(data, key);
    return problem === null ? null : { problem: problem.number };
  },
};

function problemOf(data: ProblemsData, key: string): ProblemRow | null {
  return data.find(({ number }) => String(number) === key) ?? null;
}

function summary(data: ProblemsData, columns: number): Line {
  if (data.length === 0) {
    return [cell("  No mail waits for a mended refusal, and none has failed.", columns, {
      colour: "dim",
    })];
  }
  const recipients = data.reduce((sum, one) => sum + one.recipients, 0);
  const text = `  ${data.length} ${data.length === 1 ? "problem" : "problems"}, ` +
    `${recipients} ${recipients === 1 ? "recipient" : "recipients"} not reached`;
  return [cell(text, columns, { isBold: true })];
}

function troubleRows({ key, short, text, hint, isBad }: Trouble, columns: number): ViewRow[] {
  const colour = isBad ? "red" : "yellow";
  return [
    { key, line: [cell(`  ! ${short}`, columns, { colour, isBold: isBad })] },
    { line: [cell(`    ${text}`, columns)] },
    ...hint === null
      ? []
      : [{ line: [cell(`    → ${hint}`, columns, { colour: "cyan" as const })] }],
  ];
}

function problemRows(problem: ProblemRow, now: number, columns: number): ViewRow[] {
  const { number, reply, recipients, open, messages, hint, firstSeen, lastSeen } = problem;
  const failed = recipients - open;
  const states: Line = [
    ...open > 0 ? [{ text: ` ${open} ~`, style: { colour: "yellow" as const } }] : [],
    ...failed > 0 ? [{ text: ` ${failed} ✗`, style: { colour: "red" as const } }] : [],
    { text: " " },
  ];
  // What the replies have in common; of one recipient's what it quotes is of use, too.
  const text = recipients > 1 ? refusalKey(reply) : [reply.code, reply.enhanced, reply.text]
    .filter((part) => part !== null && part !== "").join(" ");
  const head: Line = [
    { text: `${String(messages).padStart(INDENT - 2)}  `, style: { isBold: true } },
    cell(text, columns - INDENT - lineWidth(states), { isBold: true }),
  ];
  const gap = columns - lineWidth(head) - lineWidth(states);
  const facts = [
    problem.domains.slice(0, NAMED).map(([domain, count]) => `${domain} ${count}`).join(", ") +
    (problem.domains.length > NAMED ? " …" : ""),
    ...problem.relays.length === 0 ? [] : [`relay ${problem.relays.slice(0, NAMED).join(", ")}`],
    ...firstSeen === null || lastSeen === null
      ? []
      : firstSeen === lastSeen
      ? [formatMoment(lastSeen, now)]
      : [`${formatMoment(firstSeen, now)} to ${formatMoment(lastSeen, now)}`],
    `problem ${number}`,
  ];
  const indent = " ".repeat(INDENT);
  return [
    { key: String(number), line: [...head, { text: " ".repeat(Math.max(0, gap)) }, ...states] },
    { line: [cell(`${indent}${facts.join(" · ")}`, columns, { colour: "dim" })] },
    ...hint === null
      ? []
      : [{ line: [cell(`${indent}→ ${hint}`, columns, { colour: "cyan" as const })] }],
  ];
}
