// The header as people read it: subject, from, to, message id, decoded and cut. Called by
// prepare.ts and resubmit.ts for what listings show. Making it safe for a terminal is src/display's
// work.

import type { HeaderDisplay } from "../../queue/message.ts";
import type { AddedField } from "./edit.ts";
import { controlAt, type FieldKind, fieldText, type Header } from "./headers.ts";

const MAX_CHARS = 1_000;
/** Enough for 1,000 characters however they are encoded; the rest of a field is not read. */
const MAX_BYTES = 16_384;

/** The header as people read it: encoded words decoded, what is no text replaced by U+FFFD, and at
 *  most 1,000 characters of each field. Never used to deliver. `added` are fields given to
 *  a message that had none of their names. */
export async function readDisplay(
  bytes: Uint8Array,
  header: Header,
  added: readonly AddedField[],
): Promise<HeaderDisplay> {
  const raw = (kind: FieldKind) => {
    const field = header.fields.find((field) => field.kind === kind);
    if (field !== undefined) return fieldText(bytes, field, MAX_BYTES);
    return added.find(({ name }) => name.toLowerCase() === kind)?.value ?? null;
  };
  return {
    subject: readable(await decoded(raw("subject"))),
    from: readable(await decoded(raw("from"))),
    to: readable(await decoded(raw("to"))),
    messageId: readable(raw("message-id")) || null,
  };
}

// Kept: even of a module that is loaded already an import takes 10 µs, and three fields may need it.
let words: typeof import("./encoded_words.ts") | undefined;

async function decoded(text: string | null): Promise<string | null> {
  if (text === null || !text.includes("=?")) return text;
  const { decodeWords } = words ??= await import(import.meta.resolve("./encoded_words.ts"));
  return decodeWords(text);
}

/** One line of text: NUL and other control characters make a listing or a terminal stumble. */
function readable(text: string | null): string | null {
  if (text === null) return null;
  const capped = text.length > MAX_CHARS ? cut(text) : text;
  if (controlAt(capped) < 0 && !capped.includes("\t")) return capped;
  return capped.replace(/[\t\r\n]+/g, " ").replace(/\p{Cc}/gu, "\ufffd");
}

/** Never between the halves of a pair. */
function cut(text: string): string {
  const last = text.charCodeAt(MAX_CHARS - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? MAX_CHARS - 1 : MAX_CHARS);
}
