// Words, numbers and lists of rows that only mailq writes. What it never writes is damage: it is told,
// with the message and the value, and never read as something else.

import { errorText, MailqError } from "../../queue/errors.ts";
import { PRIORITIES, type Priority } from "../../queue/message.ts";
import {
  FINAL_REASONS,
  type FinalReason,
  STORED_STATUSES,
  type StoredStatus,
} from "../../queue/state.ts";

/** Where a value stands: whose it is, such as `message 4dbd1e5`, and what of it, such as `status`. */
interface Spot {
  readonly whose: string;
  readonly what: string;
}

/** The one of `known` that a column holds. Throws `queue_corrupt` for any other value. */
export function oneOf<T extends string>(known: readonly T[], value: unknown, spot: Spot): T {
  const found = known.find((one) => one === value);
  if (found === undefined) throw damaged(spot, value);
  return found;
}

/** A message's status as it is stored. Throws `queue_corrupt`. */
export function statusOf(value: unknown, whose: string): StoredStatus {
  return oneOf(STORED_STATUSES, value, { whose, what: "status" });
}

/** Why a recipient, or the first of a message's, failed; null if none did. Throws `queue_corrupt`. */
export function reasonOf(value: unknown, whose: string): FinalReason | null {
  return value === null ? null : oneOf(FINAL_REASONS, value, { whose, what: "reason" });
}

/** A message's priority, which is stored as its place among `PRIORITIES`. Throws `queue_corrupt`. */
export function priorityOf(value: unknown, whose: string): Priority {
  const found = typeof value === "number" ? PRIORITIES[value] : undefined;
  if (found === undefined) throw damaged({ whose, what: "priority" }, value);
  return found;
}

/** What a column holds as a JSON list; empty where it is null. Throws `queue_corrupt`. */
export function listOf(value: unknown, spot: Spot): readonly unknown[] {
  if (value === null) return [];
  let list: unknown;
  try {
    list = JSON.parse(String(value));
  } catch (cause) {
    throw damaged(spot, value, cause);
  }
  if (!Array.isArray(list)) throw damaged(spot, value);
  return list;
}

/** Longer texts are cut in the message of an error. */
const SHOWN_CHARS = 80;

function damaged({ whose, what }: Spot, value: unknown, cause?: unknown): MailqError {
  const shown = (JSON.stringify(value) ?? String(value)).slice(0, SHOWN_CHARS);
  const why = cause === undefined ? "" : ` (${errorText(cause)})`;
  return new MailqError(
    "queue_corrupt",
    `Cannot read ${whose}: its ${what} is ${shown}${why}, which mailq never writes; ` +
      "the queue is damaged, restore a backup",
    { cause },
  );
}
