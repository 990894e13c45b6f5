// A message made anew of one that is in the queue, with another envelope. The stores'
// act/resend_changed.ts read the old one, insert the new one and copy its bytes.

import type { DsnRequest, RecipientDsn } from "../../../queue/dsn.ts";
import type { ContentFacts, NewMessage } from "../../../queue/message.ts";
import type { EnvelopeChanges } from "../../../queue/ports/operator.ts";
import { MailqError } from "../../../queue/errors.ts";
import { changesOf, int, SUMMARY, toSummary } from "../columns.ts";
import type { Row } from "../row.ts";

/** The columns of `message` that a copy is made from. */
export const COPIED = `${SUMMARY}, dot_lines, eight_bit, body_kept, dsn, changes`;

/** A message as it is read: its row (`COPIED`), and `address` and `dsn` of its recipients. */
interface FormerMessage {
  readonly row: Row;
  readonly former: readonly Row[];
}

/** The row of the message that is to be copied, if it can be. Throws `usage` and `input_unreadable`. */
export function copyable(id: string, row: Row | undefined): Row {
  if (row === undefined) throw new MailqError("usage", `Cannot find the message ${id}`);
  if (row.body_kept === 0) {
    throw new MailqError(
      "input_unreadable",
      `Cannot send message ${id} again: its bytes were deleted when it was sent (keep_bodies)`,
    );
  }
  return row;
}

/** Throws `usage` for a copy to nobody. */
export function refuseNobody(id: string, { recipients }: EnvelopeChanges): void {
  if (recipients?.length !== 0) return;
  throw new MailqError("usage", `Cannot send message ${id} to nobody: give a recipient`);
}

/** What is known of the bytes of a `COPIED` row. */
export function factsOf(row: Row): ContentFacts {
  return {
    sizeBytes: int(row.size),
    dotLines: int(row.dot_lines),
    isEightBit: row.eight_bit === 1,
  };
}

/** The message anew: queued now, without key, hold and schedule. */
export function copyOf(
  { row, former }: FormerMessage,
  changes: EnvelopeChanges,
  newId: string,
  now: number,
): NewMessage {
  const old = toSummary(row);
  const recipients = changes.recipients ?? former.map(({ address }) => String(address));
  const asked = new Map(former.map(({ address, dsn }) => [String(address), dsn]));
  return {
    id: newId,
    sender: changes.sender ?? old.sender,
    recipients,
    priority: old.priority,
    createdAt: now,
    sendAt: null,
    // An expiry that has passed would fail it at once.
    expiresAt: old.expiresAt !== null && old.expiresAt > now ? old.expiresAt : null,
    isHeld: false,
    tags: old.tags,
    key: null,
    submitter: old.submitter,
    replaces: old.id,
    changes: changesOf(row.changes, `message ${old.id}`),
    dsn: copyDsn(row.dsn, recipients.map((address) => asked.get(address))),
    display: { subject: old.subject, from: old.from, to: old.to, messageId: old.messageId },
  };
}

/** What was asked of the message, and of those recipients that stay. */
function copyDsn(ofMessage: unknown, ofRecipients: readonly unknown[]): DsnRequest | null {
  if (typeof ofMessage !== "string") return null;
  // Both texts were written from these types by insertEnvelope.
  const { ret, envid }: Pick<DsnRequest, "ret" | "envid"> = JSON.parse(ofMessage);
  const recipients = ofRecipients.map((asked): RecipientDsn | null =>
    typeof asked === "string" ? JSON.parse(asked) : null
  );
  return { ret, envid, recipients };
}
