// When and how urgently a message is to go, from the options or the header's X-Mail-Queue fields.
// Called by prepare.ts, which takes the fields out as well.

import { parseDuration } from "../../queue/durations.ts";
import { errorText, MailqError } from "../../queue/errors.ts";
import { PRIORITIES, type Priority } from "../../queue/message.ts";
import { type Field, fieldText, type Header, spells } from "./headers.ts";
import type { IntakeOptions } from "../options.ts";

/** When and how urgently a message is to go. */
interface Schedule {
  readonly priority: Priority;
  readonly sendAt: number | null;
  readonly expiresAt: number | null;
}

/** Takes the schedule from the options and, where they leave it open, from `X-Mail-Queue-Priority`,
 *  `-Send-At` and `-Expires-In` (the first of each). An unknown priority is `normal` and adds to
 *  `warnings`; an unreadable time throws `bad_message`. */
export async function readSchedule(
  bytes: Uint8Array,
  header: Header,
  options: IntakeOptions,
  warnings: string[],
): Promise<Schedule> {
  const { now, readsSchedule = true } = options;
  const fields = header.fields.filter((field) => field.kind === "control");
  const textOf = (name: string) => {
    const field = fields.find((field) => isNamed(bytes, field, name));
    return field === undefined ? undefined : fieldText(bytes, field);
  };
  const priority = options.priority ?? readPriority(textOf("priority"), warnings);
  let { sendAt, expiresInMs } = options;
  if (readsSchedule && fields.length > 0) {
    const [sendAtText, expiresInText] = [textOf("send-at"), textOf("expires-in")];
    if (sendAt === undefined && sendAtText !== undefined) {
      sendAt = await readTime(cut(sendAtText), now);
    }
    if (expiresInMs === undefined && expiresInText !== undefined) {
      expiresInMs = readExpiry(cut(expiresInText));
    }
  }
  const expiresAt = expiresInMs === undefined ? null : (sendAt ?? now) + expiresInMs;
  return { priority, sendAt: sendAt ?? null, expiresAt };
}

/** What is longer is no time: the mark in place of the rest makes it one that cannot be read, and
 *  the error that quotes it stays short. */
function cut(text: string): string {
  return text.length > MAX_TIME_CHARS ? `${text.slice(0, MAX_TIME_CHARS)}…` : text;
}

const MAX_TIME_CHARS = 100;

const PREFIX_BYTES = "x-mail-queue-".length;

function isNamed(bytes: Uint8Array, field: Field, name: string): boolean {
  return spells(bytes, field.start + PREFIX_BYTES, field.nameEnd, name);
}

function readPriority(text: string | undefined, warnings: string[]): Priority {
  if (text === undefined) return "normal";
  const wanted = text.toLowerCase();
  const priority = PRIORITIES.find((name) => name === wanted);
  if (priority === undefined) {
    const shown = JSON.stringify(text.slice(0, 100));
    warnings.push(
      `Unknown priority ${shown} in X-Mail-Queue-Priority taken as normal: expected ${
        PRIORITIES.join(", ")
      }`,
    );
  }
  return priority ?? "normal";
}

async function readTime(text: string, now: number): Promise<number> {
  const { parseTime }: typeof import("../times.ts") = await import(
    import.meta.resolve("../times.ts")
  );
  try {
    return await parseTime(text, now);
  } catch (error) {
    throw fieldError("X-Mail-Queue-Send-At", error);
  }
}

function readExpiry(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw fieldError("X-Mail-Queue-Expires-In", error);
  }
}

function fieldError(name: string, cause: unknown): MailqError {
  return new MailqError("bad_message", `${name}: ${errorText(cause)}`, { cause });
}
