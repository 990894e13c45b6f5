// Rows of recipients that wait or have failed, for src/app/problems. The stores' read/unsent.ts read
// them.

import { MESSAGE_STATUSES, RECIPIENT_STATES, storedStatuses } from "../../../queue/state.ts";
import type { UnsentRecipient } from "../../../queue/unsent.ts";
import { int, number, tagsOf, text } from "../columns.ts";
import { oneOf, reasonOf } from "../damage.ts";
import type { Row } from "../row.ts";

/** Of messages that were sent to all, cancelled or suppressed there is nobody. */
export const UNSENT_STATUSES = storedStatuses(
  MESSAGE_STATUSES.filter((status) => !["sent", "cancelled", "suppressed"].includes(status)),
);

export function toUnsent(row: Row): UnsentRecipient {
  const whose = `the recipient ${row.address} of message ${row.id}`;
  return {
    id: String(row.id),
    sender: String(row.sender),
    tags: tagsOf(row.tags, whose),
    createdAt: int(row.created_at),
    address: String(row.address),
    state: oneOf(RECIPIENT_STATES, row.state, { whose, what: "state" }),
    reason: reasonOf(row.reason, whose),
    code: number(row.code),
    enhanced: text(row.enhanced),
    reply: text(row.reply),
    relay: text(row.relay),
    firstTriedAt: number(row.first_at),
    lastTriedAt: number(row.last_at),
  };
}
