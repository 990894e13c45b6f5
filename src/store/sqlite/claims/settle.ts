import type { Connection } from "../db/connection.ts";

// The SQL twin of deriveStatus (src/queue/state.ts); a property test holds them together.
const STATUS = `CASE
  WHEN open > 0 THEN CASE
    WHEN message.held THEN 'held'
    WHEN sending > 0 THEN 'sending'
    WHEN queued > 0 THEN CASE WHEN message.send_at > ? THEN 'scheduled' ELSE 'queued' END
    ELSE 'deferred' END
  WHEN suppressed = total THEN 'suppressed'
  WHEN sent = total - suppressed THEN 'sent'
  WHEN sent > 0 THEN 'partial'
  WHEN failed > 0 THEN 'failed'
  ELSE 'cancelled' END`;

// The reply that explains the status: while a message is open a deferred recipient's, else that of
// one that failed. Where neither is, the last attempt's stays.
const EXPLAINS = `SELECT trim(coalesce(code || ' ', '') || coalesce(enhanced || ' ', '') || reply)
  FROM recipient WHERE recipient.seq = message.seq AND reply IS NOT NULL
    AND state = CASE WHEN open > 0 THEN 'deferred' ELSE 'failed' END
  ORDER BY n LIMIT 1`;

// A claim is a hold on the recipients that are sending: without any there is none.
const SETTLE = `UPDATE OR ROLLBACK message SET
    (status, n_open, n_sent, n_failed, next_at, sent_at, final_reason, final_at, claim_token,
     claim_worker, last_reply, held) = (
      SELECT ${STATUS}, open, sent, failed, next_at, sent_at,
        CASE WHEN open = 0 THEN reason END,
        CASE WHEN open = 0 THEN coalesce(message.final_at, ?) END,
        CASE WHEN sending > 0 THEN message.claim_token END,
        CASE WHEN sending > 0 THEN message.claim_worker END,
        CASE WHEN total = 1 THEN message.last_reply
          ELSE coalesce((${EXPLAINS}), message.last_reply) END,
        CASE WHEN open > 0 THEN message.held ELSE 0 END
      FROM (SELECT count(*) AS total,
          count(*) FILTER (WHERE state IN ('queued', 'sending', 'deferred')) AS open,
          count(*) FILTER (WHERE state = 'queued') AS queued,
          count(*) FILTER (WHERE state = 'sending') AS sending,
          count(*) FILTER (WHERE state = 'sent') AS sent,
          count(*) FILTER (WHERE state = 'failed') AS failed,
          count(*) FILTER (WHERE state = 'suppressed') AS suppressed,
          min(next_at) FILTER (WHERE state = 'deferred') AS next_at,
          max(sent_at) AS sent_at,
          max(reason) FILTER (WHERE state = 'failed') AS reason
        FROM recipient WHERE recipient.seq = message.seq))
  WHERE seq = ?`;

/** Brings what a message's row says of its recipients up to date with them. Every write that
 *  changes a recipient ends with it. */
export function settle(db: Connection, seq: number, now: number): void {
  db.run(SETTLE, now, now, seq);
}
