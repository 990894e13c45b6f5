// A message as its parts, before it is put together, and how errors name a part. Made by the
// compose command and by jsonl/line_message.ts; read by all of compose/.

import { errorText, MailqError } from "../../queue/errors.ts";
import type { Random } from "../../system/time.ts";
import { quoted } from "../address/address_syntax.ts";
import { controlAt } from "../header/headers.ts";
import type { IntakeSettings } from "../options.ts";

/** A message as its parts, before it is put together. */
export interface Draft {
  /** Null: the header gets the envelope sender as From when the message is taken in. */
  readonly from: Party | null;
  readonly to: readonly Party[];
  readonly cc: readonly Party[];
  readonly bcc: readonly Party[];
  readonly replyTo: readonly Party[];
  readonly subject: string | null;
  /** Null: it is made from `html`, if there is one. */
  readonly text: string | null;
  readonly html: string | null;
  readonly attachments: readonly Attachment[];
  readonly headers: readonly HeaderLine[];
  /** ms since 1970; null: the time at which the message is taken in. */
  readonly date: number | null;
}

/** An address list as RFC 5322 3.4 writes it, or one mailbox. */
export type Party = string | Mailbox;

export interface Mailbox {
  readonly name: string | null;
  readonly address: string;
}

export interface HeaderLine {
  readonly name: string;
  readonly value: string;
}

export interface Attachment {
  /** What the recipient sees as its file name. */
  readonly name: string;
  /** Its content type; null: by the name's ending. */
  readonly type: string | null;
  /** What the html calls it (`cid:…`), for a part that is shown within it. */
  readonly cid: string | null;
  readonly content: { readonly path: string } | { readonly bytes: Uint8Array };
}

/** The parts of a draft that errors speak of. */
export type DraftPart =
  | "from"
  | "to"
  | "cc"
  | "bcc"
  | "replyTo"
  | "subject"
  | "headers"
  | "attachments";

/** What a part is called where it comes from, such as `--reply-to`. */
export type PartName = (part: DraftPart) => string;

/** What putting a draft together takes. */
export interface ComposeTools {
  /** For the boundaries of parts. */
  readonly random: Random;
  /** What the draft's parts are called where it comes from. */
  readonly nameOf: PartName;
  readonly settings: Pick<IntakeSettings, "hostname" | "maxSizeBytes">;
}

/** Does one step for a part of the draft; its errors begin with `name`. */
export async function naming<T>(name: string, step: () => Promise<T> | T): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof MailqError)) throw error;
    throw new MailqError(error.code, `${name}: ${errorText(error)}`, { cause: error });
  }
}

/** Refuses text that could end its header field and begin another. */
export function checkOneLine(text: string): void {
  if (controlAt(text) < 0) return;
  throw new MailqError(
    "bad_message",
    `Cannot use ${quoted(text)}: it has a line end, NUL or other control character`,
  );
}
