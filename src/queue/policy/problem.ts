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

/** How many digits of a problem's number are shown where they are enough to tell it from the others. */
const SHOWN_DIGITS = 5;

/** The whole number of a problem, ten digits. It is made from the words of the reply (`refusalKey`), so
 *  it stays the same from day to day and on every machine. */
export function wholeNumber(reply: Reply): number {
  // FNV-1a, 32 bits.
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(refusalKey(reply))) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  hash >>>= 0;
  return (10_000 + hash % 90_000) * 100_000 + Math.floor(hash / 90_000);
}

/** The beginnings of whole numbers that people are shown: five digits, more where others begin so, too. */
export function shownNumbers(wholes: Iterable<number>): Map<number, number> {
  const texts = [...wholes].map(String);
  return new Map(texts.map((text) => {
    let digits = SHOWN_DIGITS;
    const isTaken = (other: string) => other !== text && other.startsWith(text.slice(0, digits));
    while (digits < text.length && texts.some(isTaken)) digits++;
    return [Number(text), Number(text.slice(0, digits))];
  }));
}

/** Whether a number that a person gave means the problem with this whole one. */
export function isNumberOf(given: number, whole: number): boolean {
  const text = String(given);
  return text.length >= SHOWN_DIGITS && String(whole).startsWith(text);
}
