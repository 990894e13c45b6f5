// Reads an SMTP reply out of a text: of a Diagnostic-Code field, or of the prose in which a mail system
// explains itself. Called by status_fields.ts and prose.ts. Pure.

import type { Bounce } from "../../queue/ports/bounces.ts";

type ReplyText = Omit<Bounce, "reporter">;

const REPLY_CHARS = 500;
/** The three digits, perhaps the enhanced code, and the words behind them. */
const REPLY =
  /(?<![\d.])([45]\d\d)(?:[ -]|[ -]+#?\(?#?(?=\d\.))\s*(?:#?([245]\.\d{1,3}\.\d{1,3})\b)?/;
const ENHANCED = /(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])/;

/** A text that is a reply, with whatever stands before it (`smtp;`). */
export function readReply(text: string): ReplyText {
  const line = text.replace(/\s+/g, " ").trim();
  const found = REPLY.exec(line);
  const enhanced = found?.[2] ?? ENHANCED.exec(line)?.[1] ?? null;
  const said = found === null ? line : line.slice(found.index + found[0].length).trim();
  return {
    code: found === null ? null : Number(found[1]),
    enhanced,
    reply: said.replace(/^[\w-]+\s*;\s*/, "").slice(0, REPLY_CHARS) || null,
  };
}
