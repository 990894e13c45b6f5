// Rows of recipients and attempts as `show` tells them. The stores' read/show.ts read the rows; what
// they hold was written by intake and by recording.

import type { AttemptDetail, RecipientDetail } from "../../../queue/message.ts";
import { ATTEMPT_RESULTS, type Outcome, OUTCOME_KINDS } from "../../../queue/outcome.ts";
import { RECIPIENT_STATES } from "../../../queue/state.ts";
import { int, number, text } from "../columns.ts";
import { listOf, oneOf, reasonOf } from "../damage.ts";
import { readRecipientDsn } from "../dsn.ts";
import type { Row } from "../row.ts";
import { toBounce } from "./bounce_row.ts";

/** `message` is the id of its message, `bounces` has what came back of it. Throws `queue_corrupt`. */
export function toRecipient(
  row: Row,
  message: string,
  bounces: readonly Row[],
): RecipientDetail {
  const bounce = bounces.find(({ n }) => n === row.n);
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
    bounce: bounce === undefined ? null : toBounce(bounce),
  };
}

/** `message` is the id of its message. Throws `queue_corrupt`. */
export function toAttempt(row: Row, message: string): AttemptDetail {
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
    ...(field("owesNotice") === true ? { owesNotice: true } : {}),
  };
}
