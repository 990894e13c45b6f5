import { DatabaseSync } from "node:sqlite";
import type { Mailq } from "../../support/mailq.ts";

/** Runs one statement on the queue's file behind the program's back: to age mail, or to damage
 *  it. */
export function alterQueue(
  mailq: Mailq,
  sql: string,
  ...values: (string | number | null)[]
): number {
  const db = new DatabaseSync(mailq.queue);
  // A program that was killed may leave the queue to be recovered.
  db.exec("PRAGMA busy_timeout = 10000");
  try {
    return Number(db.prepare(sql).run(...values).changes);
  } finally {
    db.close();
  }
}

export const DAY_MS = 24 * 60 * 60_000;

const TIMES = ["created_at", "queued_at", "life_from", "send_at", "expires_at", "next_at"];

/** Makes all mail in the queue older by `ms`. */
export function ageQueue(mailq: Mailq, ms: number): void {
  const moved = [...TIMES, "sent_at", "final_at"].map((name) => `${name} = ${name} - ${ms}`);
  alterQueue(mailq, `UPDATE message SET ${moved.join(", ")}`);
  alterQueue(mailq, `UPDATE recipient SET next_at = next_at - ${ms}, sent_at = sent_at - ${ms}`);
}
