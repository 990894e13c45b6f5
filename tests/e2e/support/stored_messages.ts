import { DatabaseSync } from "node:sqlite";
import type { Mailq } from "../../support/mailq.ts";

/** How many messages the queue file holds, those of calls that are not done among them. */
export function storedMessages(mailq: Mailq): number {
  const db = new DatabaseSync(mailq.queue);
  // A program that was killed may leave the queue to be recovered.
  db.exec("PRAGMA busy_timeout = 10000");
  try {
    return Number(db.prepare("SELECT count(*) AS n FROM message").get()?.n);
  } finally {
    db.close();
  }
}
