// Writes the digest that stands for reports above the limit of an hour: one mail for all of them. Called by
// make_reports.ts. Pure.

import { refusalKey } from "../../queue/policy/refusal_words.ts";
import { plain, replyOf } from "./status_part.ts";
import type { Told } from "./told.ts";

/** What a digest is made of. */
interface DigestParts {
  readonly to: string;
  readonly hostname: string;
  readonly limit: number;
  /** Messages that it stands for. */
  readonly messages: number;
  /** What is told of the first of them. */
  readonly listed: readonly ListedMessage[];
}

export interface ListedMessage {
  readonly id: string;
  readonly told: readonly Told[];
}

/** Kinds of refusals that are counted each by itself. */
const SHOWN_KINDS = 20;

/** The bytes of a digest. */
export function composeDigest(
  { to, hostname, limit, messages, listed }: DigestParts,
): Uint8Array {
  const lines = [
    `From: Mail Delivery System <MAILER-DAEMON@${hostname}>`,
    `To: ${to}`,
    `Subject: ${messages} more messages could not be delivered or wait`,
    "Auto-Submitted: auto-replied",
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: 8bit",
    "",
    `This is mailq on ${hostname}.`,
    "",
    `Beside the ${limit} messages of the last hour that were reported one by one,`,
    `${messages} more could not be delivered, or wait for long.`,
    "",
    ...kindLines(listed),
    "",
    "Recipients, and the ids of their messages:",
    "",
    ...listed.flatMap(({ id, told }) =>
      told.map(({ recipient, action }) =>
        `  ${recipient.address}  ${action}  ${plain(replyOf(recipient), true)}  [${id}]`
      )
    ),
  ];
  const left = messages - listed.length;
  if (left > 0) lines.push("", `and those of ${left} more messages: see \`mailq problems\`.`);
  return new TextEncoder().encode(`${lines.join("\r\n")}\r\n`);
}

/** How often each kind of reply came, the most frequent first. */
function kindLines(listed: readonly ListedMessage[]): string[] {
  const kinds = new Map<string, { readonly sample: string; count: number }>();
  for (const { recipient } of listed.flatMap(({ told }) => told)) {
    const { code, enhanced, reply } = recipient;
    const key = refusalKey({ code, enhanced, text: reply ?? "" });
    const kind = kinds.get(key);
    if (kind === undefined) kinds.set(key, { sample: plain(replyOf(recipient), true), count: 1 });
    else kind.count++;
  }
  return [...kinds.values()].sort((a, b) => b.count - a.count).slice(0, SHOWN_KINDS)
    .map(({ sample, count }) => `  ${String(count).padStart(6)} x ${sample || "no reply"}`);
}
