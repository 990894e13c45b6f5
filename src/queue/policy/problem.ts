// Problems: recipients that wait or have failed with the same reply, which an operator mends as one.
// Here is what "the same" means, and the number a problem has. Pure: src/app/problems gathers them.

import type { Reply } from "../outcome.ts";
import { refusalKey } from "./refusal_words.ts";

/** What delivery writes before a reply where a recipient waits for somebody else's refusal. */
const BEFORE_REPLY =
  /^(?:the relay \S+ is left alone: |the (?:relay|sender) \S+ is paused: (?=[45]\d\d\b)|it refuses \d+ messages in a row: |[A-Z][a-z' ]*(?: [^\s:]+)?: (?=[45]\d\d\b))/;
const CODES = /^([45]\d\d)[ -](?:([45]\.\d{1,3}\.\d{1,3})\s)?\s*(.*)$/s;

/** The reply that a recipient's last one is about: that of the relay where it waits untried for a relay
 *  that refuses, or for a sender who is refused. */
export function replyBehind(reply: Reply): Reply {
  if (reply.code !== null) return reply;
  let { text } = reply;
  for (let before = ""; before !== text;) {
    before = text;
    text = text.replace(BEFORE_REPLY, "");
  }
  const [, code, enhanced = null, rest] = CODES.exec(text) ?? [];
  if (code === undefined || rest === undefined) return { ...reply, text };
  return { code: Number(code), enhanced, text: rest };
}

/** The number of a problem, five digits. It is made from the words of the reply (`refusalKey`), so it
 *  stays the same from day to day and on every machine; that two problems of a queue share one is
 *  unlikely, and then they are shown as one. */
export function problemNumber(reply: Reply): number {
  // FNV-1a, 32 bits.
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(refusalKey(reply))) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return 10_000 + (hash >>> 0) % 90_000;
}
