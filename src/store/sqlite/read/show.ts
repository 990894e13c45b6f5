// One message with its recipients and attempts (`show`), and its bytes piece by piece.
// Staged mail is not there for them.

import type { AttemptDetail, MessageDetail, RecipientDetail } from "../../../queue/message.ts";
import { MailqError } from "../../../queue/errors.ts";
import { ATTEMPT_RESULTS, type Outcome, OUTCOME_KINDS } from "../../../queue/outcome.ts";
import { RECIPIENT_STATES } from "../../../queue/state.ts";
import { changesOf, int, number, SUMMARY, text, toSummary } from "../db/columns.ts";
import { listOf, oneOf, reasonOf } from "../db/damage.ts";
import type { Connection, Row } from "../db/connection.ts";
import { readEnvelopeDsn, readRecipientDsn } from "../db/dsn.ts";
import { VISIBLE } from "../filter/condition.ts";
import { PARTS_PER_MESSAGE } from "../db/layout.ts";

/** See Reader.show. */
export function show(db: Connection, id: string): MessageDetail | null {
  const row = db.get(
    `SELECT ${SUMMARY}, dsn, changes FROM message WHERE id = ? AND ${VISIBLE}`,
    id,
  );
  if (row === undefined) return null;
  const summary = toSummary(row);
  return {
    ...summary,
    dsn: readEnvelopeDsn(row.dsn),
    changes: changesOf(row.changes, `message ${id}`),
    recipients: db.all("SELECT * FROM recipient WHERE seq = ? ORDER BY n", summary.seq)
      .map((recipient) => toRecipient(recipient, id)),
    attempts: db.all("SELECT * FROM attempt WHERE seq = ? ORDER BY n", summary.seq)
      .map((attempt) => toAttempt(attempt, id)),
  };
}

function toRecipient(row: Row, message: string): RecipientDetail {
  const whose = `the recipient ${row.address} of message ${message}`;
  return {
    address: String(row.address),
    state: oneOf(RECIPIENT_STATES, row.state, { whose, what: "state" }),
    reason: reasonOf(row.reason, whose),
    tries: int(row.tries),
    failures: int(row.failures),
    code: number(row.code),
    enhanced: text(row.enhanced),
    reply: text(row.reply),
    nextAttemptAt: number(row.next_at),
    sentAt: number(row.sent_at),
    dsn: readRecipientDsn(row.dsn),
  };
}

function toAttempt(row: Row, message: string): AttemptDetail {
  const whose = `attempt ${row.n} of message ${message}`;
  return {
    n: int(row.n),
    startedAt: int(row.started_at),
    durationMs: int(row.duration_ms),
    relay: text(row.relay),
    host: text(row.host),
    tls: text(row.tls),
    result: oneOf(ATTEMPT_RESULTS, row.result, { whose, what: "result" }),
    code: number(row.code),
    enhanced: text(row.enhanced),
    reply: text(row.reply),
    error: text(row.error),
    traceback: text(row.traceback),
    transcript: text(row.transcript),
    outcomes: listOf(row.outcomes, { whose, what: "list of outcomes" })
      .map((outcome) => toOutcome(outcome, whose)),
  };
}

function toOutcome(value: unknown, whose: string): Outcome {
  const field = (name: string): unknown =>
    typeof value === "object" && value !== null ? Reflect.get(value, name) : null;
  return {
    address: text(field("address")) ?? "",
    kind: oneOf(OUTCOME_KINDS, field("outcome"), { whose, what: "outcome" }),
    code: number(field("code")),
    enhanced: text(field("enhanced")),
    text: text(field("reply")) ?? "",
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
