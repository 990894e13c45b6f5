// One message with its recipients and attempts (`show`), and its bytes piece by piece.
// Staged mail is not there for them.

import { MailqError } from "../../../queue/errors.ts";
import type { MessageDetail } from "../../../queue/message.ts";
import { changesOf, SUMMARY, toSummary } from "../../sql/columns.ts";
import { VISIBLE } from "../../sql/condition.ts";
import { toAttempt, toRecipient } from "../../sql/rows/detail.ts";
import { readEnvelopeDsn } from "../../sql/dsn.ts";
import type { Database } from "../db/connection.ts";
import type { Sql } from "../db/transaction.ts";

/** See Reader.show. */
export async function show(sql: Sql, id: string): Promise<MessageDetail | null> {
  const row = await sql.get(
    `SELECT ${SUMMARY}, dsn, changes FROM message WHERE id = ? AND ${VISIBLE}`,
    id,
  );
  if (row === undefined) return null;
  const summary = toSummary(row);
  const [recipients, attempts, bounces] = await Promise.all([
    sql.all("SELECT * FROM recipient WHERE seq = ? ORDER BY n", summary.seq),
    sql.all("SELECT * FROM attempt WHERE seq = ? ORDER BY n", summary.seq),
    sql.all("SELECT * FROM bounce WHERE seq = ?", summary.seq),
  ]);
  return {
    ...summary,
    dsn: readEnvelopeDsn(row.dsn),
    changes: changesOf(row.changes, `message ${id}`),
    recipients: recipients.map((recipient) => toRecipient(recipient, id, bounces)),
    attempts: attempts.map((attempt) => toAttempt(attempt, id)),
  };
}

/** See Reader.content. Throws `queue_corrupt` where a part is missing, since a message cut short
 *  must not pass for a whole one, and `input_unreadable` where the bytes were not to be kept. */
export async function* content(db: Database, seq: number): AsyncIterable<Uint8Array> {
  const row = await db.get("SELECT id, size, body_kept FROM message WHERE seq = ?", seq);
  if (row?.body_kept === 0) {
    throw new MailqError(
      "input_unreadable",
      `Cannot read message ${row.id}: its bytes were deleted when it was sent (keep_bodies)`,
    );
  }
  let left = typeof row?.size === "number" ? row.size : 0;
  for (let part = 0; left > 0; part++) {
    const row = await db.get("SELECT bytes FROM body WHERE seq = ? AND part = ?", seq, part);
    const bytes = row?.bytes;
    if (!(bytes instanceof Uint8Array) || bytes.length > left || bytes.length === 0) {
      throw new MailqError(
        "queue_corrupt",
        `Cannot read message ${seq} of the queue ${db.name}: ${left} bytes of its body are missing`,
      );
    }
    left -= bytes.length;
    yield new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }
}
