// One message with its recipients and attempts (`show`), and its bytes piece by piece.
// Staged mail is not there for them.

import type { MessageDetail } from "../../../queue/message.ts";
import { MailqError } from "../../../queue/errors.ts";
import { changesOf, SUMMARY, toSummary } from "../../sql/columns.ts";
import { toAttempt, toRecipient } from "../../sql/rows/detail.ts";
import type { Connection } from "../db/connection.ts";
import { readEnvelopeDsn } from "../../sql/dsn.ts";
import { VISIBLE } from "../../sql/condition.ts";
import { PARTS_PER_MESSAGE } from "../db/layout.ts";

/** See Reader.show. */
export function show(db: Connection, id: string): MessageDetail | null {
  const row = db.get(
    `SELECT ${SUMMARY}, dsn, changes FROM message WHERE id = ? AND ${VISIBLE}`,
    id,
  );
  if (row === undefined) return null;
  const summary = toSummary(row);
  const bounces = db.all("SELECT * FROM bounce WHERE seq = ?", summary.seq);
  return {
    ...summary,
    dsn: readEnvelopeDsn(row.dsn),
    changes: changesOf(row.changes, `message ${id}`),
    recipients: db.all("SELECT * FROM recipient WHERE seq = ? ORDER BY n", summary.seq)
      .map((recipient) => toRecipient(recipient, id, bounces)),
    attempts: db.all("SELECT * FROM attempt WHERE seq = ? ORDER BY n", summary.seq)
      .map((attempt) => toAttempt(attempt, id)),
  };
}

/** See Reader.content. Throws `queue_corrupt` where a part is missing, since a message cut short
 *  must not pass for a whole one, and `input_unreadable` where the bytes were not to be kept. */
export async function* content(db: Connection, seq: number): AsyncIterable<Uint8Array> {
  const row = db.get("SELECT id, size, body_kept FROM message WHERE seq = ?", seq);
  if (row?.body_kept === 0) {
    throw new MailqError(
      "input_unreadable",
      `Cannot read message ${row.id}: its bytes were deleted when it was sent (keep_bodies)`,
    );
  }
  const size = row?.size;
  let left = typeof size === "number" ? size : 0;
  for (let n = 0; left > 0; n++) {
    const row = await db.get("SELECT bytes FROM body WHERE part = ?", seq * PARTS_PER_MESSAGE + n);
    if (!(row?.bytes instanceof Uint8Array) || row.bytes.length > left || row.bytes.length === 0) {
      throw new MailqError(
        "queue_corrupt",
        `Cannot read message ${seq} of the queue ${db.path}: ${left} bytes of its body are missing`,
      );
    }
    left -= row.bytes.length;
    yield row.bytes;
  }
}
