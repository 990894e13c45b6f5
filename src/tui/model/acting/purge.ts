// Which finished mail is to be deleted: reads what was typed. Called by the prompt; the box that asks is
// that of every action. Pure.

import { parseDuration } from "../../../queue/durations.ts";
import { MailqError } from "../../../queue/errors.ts";
import type { MessageStatus } from "../../../queue/state.ts";
import type { ScreenFilter } from "../../data/data.ts";

/** Mail that has come to its end. */
export const FINAL = [
  "sent",
  "partial",
  "failed",
  "cancelled",
  "suppressed",
] as const satisfies readonly MessageStatus[];

/** Reads `90d`, or `90d failed,partial`. Throws `usage`. */
export function readPurge(text: string, now: number): ScreenFilter {
  const [age = "", ...words] = text.split(/[\s,]+/);
  const statuses = words.includes("all") ? FINAL : words.map((word) => {
    const known = FINAL.find((one) => one === word.toLowerCase());
    if (known !== undefined) return known;
    throw new MailqError(
      "usage",
      `Cannot purge "${word}": expected ${FINAL.join(", ")} or all`,
    );
  });
  return {
    statuses: statuses.length === 0 ? ["sent"] : statuses,
    finalUntil: now - parseDuration(age),
  };
}
