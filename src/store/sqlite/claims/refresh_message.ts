// What a message's row says of its recipients: status, counts, times, the reply that explains it.
// Every write that changes a recipient ends with this; the rules of the status are sql/law.ts's.

import { OPEN_STATES } from "../../../queue/state.ts";
import type { Connection } from "../db/connection.ts";
import { countOf, STATE_COUNTS, stateIs, STATUS, word } from "../../sql/law.ts";

const OPEN = countOf(OPEN_STATES);
const SENDING = countOf(["sending"]);

// The reply that explains the status: while a message is open a deferred recipient's, else that of
// one that failed. Where neither is, the last attempt's stays.
const EXPLAINS = `SELECT trim(coalesce(code || ' ', '') || coalesce(enhanced || ' ', '') || reply)
  FROM recipient WHERE recipient.seq = message.seq AND reply IS NOT NULL
    AND state = CASE WHEN ${OPEN} > 0 THEN ${word("deferred")} ELSE ${word("failed")} END
  ORDER BY n LIMIT 1`;

// A claim is a hold on the recipients that are sending: without any there is none.
const REFRESH = `UPDATE OR ROLLBACK message SET
    (status, n_open, n_sent, n_failed, next_at, sent_at, final_reason, final_at, claim_token,
     claim_worker, last_reply, held) = (
      SELECT ${STATUS}, ${OPEN}, ${countOf(["sent"])}, ${countOf(["failed"])}, next_at, sent_at,
        CASE WHEN ${OPEN} = 0 THEN reason END,
        CASE WHEN ${OPEN} = 0 THEN coalesce(message.final_at, now) END,
        CASE WHEN ${SENDING} > 0 THEN message.claim_token END,
        CASE WHEN ${SENDING} > 0 THEN message.claim_worker END,
        CASE WHEN total = 1 THEN message.last_reply
          ELSE coalesce((${EXPLAINS}), message.last_reply) END,
        CASE WHEN ${OPEN} > 0 THEN message.held ELSE 0 END
      FROM (SELECT ? AS now, ${STATE_COUNTS},
          min(next_at) FILTER (WHERE ${stateIs("deferred")}) AS next_at,
          max(sent_at) AS sent_at,
          max(reason) FILTER (WHERE ${stateIs("failed")}) AS reason
        FROM recipient WHERE recipient.seq = message.seq))
  WHERE seq = ?`;

/** Brings what a message's row says of its recipients up to date with them. Runs inside a write. */
export function refreshMessage(db: Connection, seq: number, now: number): void {
  db.run(REFRESH, now, seq);
}
