// What messages' rows say of their recipients: status, counts, times, the reply that explains it.
// Every write that changes recipients ends with this; the rules of the status are sql/law.ts's.

import { OPEN_STATES } from "../../../queue/state.ts";
import { countOf, STATE_COUNTS, stateIs, STATUS, word } from "../../sql/law.ts";
import type { Sql } from "../db/transaction.ts";

const OPEN = countOf(OPEN_STATES);
const SENDING = countOf(["sending"]);

// The reply that explains the status: while a message is open a deferred recipient's, else that of
// one that failed. Where neither is, the last attempt's stays.
const EXPLAINS = `SELECT trim(coalesce(code || ' ', '') || coalesce(enhanced || ' ', '') || reply)
  FROM recipient WHERE recipient.seq = message.seq AND reply IS NOT NULL
    AND state = CASE WHEN ${OPEN} > 0 THEN ${word("deferred")} ELSE ${word("failed")} END
  ORDER BY n LIMIT 1`;

// A claim is a hold on the recipients that are sending: without any there is none.
/** The statement, with expressions for the time and a list of `seq`s. */
export function refreshSql({ now, seqs }: { readonly now: string; readonly seqs: string }): string {
  return `UPDATE message SET
    status = ${STATUS},
    n_open = ${OPEN},
    n_sent = ${countOf(["sent"])},
    n_failed = ${countOf(["failed"])},
    next_at = counted.next_at,
    sent_at = counted.sent_at,
    final_reason = CASE WHEN ${OPEN} = 0 THEN counted.reason END,
    final_at = CASE WHEN ${OPEN} = 0 THEN coalesce(message.final_at, now) END,
    claim_token = CASE WHEN ${SENDING} > 0 THEN message.claim_token END,
    claim_worker = CASE WHEN ${SENDING} > 0 THEN message.claim_worker END,
    last_reply = CASE WHEN total = 1 THEN message.last_reply
      ELSE coalesce((${EXPLAINS}), message.last_reply) END,
    held = CASE WHEN ${OPEN} > 0 THEN message.held ELSE 0 END
  FROM (SELECT recipient.seq, ${now} AS now, ${STATE_COUNTS},
      min(next_at) FILTER (WHERE ${stateIs("deferred")}) AS next_at,
      max(sent_at) AS sent_at,
      max(reason) FILTER (WHERE ${stateIs("failed")}) AS reason
    FROM recipient WHERE recipient.seq = ANY(${seqs}) GROUP BY recipient.seq) AS counted
  WHERE message.seq = counted.seq`;
}

const REFRESH = refreshSql({ now: "?::bigint", seqs: "?" });

/** Brings what messages' rows say of their recipients up to date with them. Runs inside a write that
 *  has locked them. */
export async function refreshMessages(
  tx: Sql,
  seqs: readonly number[],
  now: number,
): Promise<void> {
  if (seqs.length > 0) await tx.run(REFRESH, now, seqs);
}
