import type { AttemptDetail, MessageDetail, RecipientDetail } from "../../../queue/message.ts";
import { MailqError } from "../../../queue/errors.ts";
import type { AttemptResult, Outcome, OutcomeKind } from "../../../queue/outcome.ts";
import { RECIPIENT_STATES } from "../../../queue/state.ts";
import { int, number, reason, SUMMARY, text, toSummary } from "../db/columns.ts";
import type { Connection, Row } from "../db/connection.ts";
import { readEnvelopeDsn, readRecipientDsn } from "../db/dsn.ts";
import { VISIBLE } from "../filter/filter_sql.ts";
import { PARTS_PER_MESSAGE } from "../db/layout.ts";

/** See Store.show. */
export function show(db: Connection, id: string): MessageDetail | null {
  const row = db.get(`SELECT ${SUMMARY}, dsn FROM message WHERE id = ? AND ${VISIBLE}`, id);
  if (row === undefined) return null;
  const summary = toSummary(row);
  return {
    ...summary,
    dsn: readEnvelopeDsn(row.dsn),
    recipients: db.all("SELECT * FROM recipient WHERE seq = ? ORDER BY n", summary.seq)
      .map(toRecipient),
    attempts: db.all("SELECT * FROM attempt WHERE seq = ? ORDER BY n", summary.seq).map(toAttempt),
  };
}

function toRecipient(row: Row): RecipientDetail {
  return {
    address: String(row.address),
    state: RECIPIENT_STATES.find((known) => known === row.state) ?? "queued",
    reason: reason(row.reason),
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

const RESULTS: readonly AttemptResult[] = ["sent", "partial", "deferred", "failed", "uncertain"];
const KINDS: readonly OutcomeKind[] = ["sent", "deferred", "failed", "uncertain"];

function toAttempt(row: Row): AttemptDetail {
  const outcomes: unknown = JSON.parse(String(row.outcomes));
  return {
    n: int(row.n),
    startedAt: int(row.started_at),
    durationMs: int(row.duration_ms),
    relay: text(row.relay),
    host: text(row.host),
    tls: text(row.tls),
    result: RESULTS.find((known) => known === row.result) ?? "uncertain",
    code: number(row.code),
    enhanced: text(row.enhanced),
    reply: text(row.reply),
    error: text(row.error),
    traceback: text(row.traceback),
    transcript: text(row.transcript),
    outcomes: Array.isArray(outcomes) ? outcomes.map(toOutcome) : [],
  };
}

function toOutcome(value: unknown): Outcome {
  const field = (name: string): unknown =>
    typeof value === "object" && value !== null ? Reflect.get(value, name) : null;
  return {
    address: text(field("address")) ?? "",
    kind: KINDS.find((known) => known === field("outcome")) ?? "uncertain",
    code: number(field("code")),
    enhanced: text(field("enhanced")),
    text: text(field("reply")) ?? "",
  };
}

/** See Store.content. Throws `queue_corrupt` where a part is missing, since a message cut short
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
