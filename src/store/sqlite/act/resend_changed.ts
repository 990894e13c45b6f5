// Queues a copy of a message with another envelope, its bytes copied within SQLite. For `mailq
// resend --to` and the screen's form; the copy is inserted by take_in/enqueue.ts.

import type { DsnRequest, RecipientDsn } from "../../../queue/dsn.ts";
import { MailqError } from "../../../queue/errors.ts";
import type { NewMessage } from "../../../queue/message.ts";
import type { Enqueued } from "../../../queue/ports/intake.ts";
import type { EnvelopeChanges } from "../../../queue/ports/operator.ts";
import { changesOf, int, SUMMARY, toSummary } from "../db/columns.ts";
import type { Connection, Row } from "../db/connection.ts";
import { insertEnvelope } from "../take_in/enqueue.ts";
import { VISIBLE } from "../filter/condition.ts";
import { PARTS_PER_MESSAGE } from "../db/layout.ts";

/** See Operator.resendChanged. */
export async function resendChanged(
  db: Connection,
  id: string,
  changes: EnvelopeChanges,
  newId: string,
  now: number,
): Promise<Enqueued> {
  if (changes.recipients?.length === 0) {
    throw new MailqError("usage", `Cannot send message ${id} to nobody: give a recipient`);
  }
  return await db.write(() => {
    const row = db.get(
      `SELECT ${SUMMARY}, dot_lines, eight_bit, body_kept, dsn, changes FROM message
       WHERE id = ? AND ${VISIBLE}`,
      id,
    );
    if (row === undefined) throw new MailqError("usage", `Cannot find the message ${id}`);
    if (row.body_kept === 0) {
      throw new MailqError(
        "input_unreadable",
        `Cannot send message ${id} again: its bytes were deleted when it was sent (keep_bodies)`,
      );
    }
    const facts = {
      sizeBytes: int(row.size),
      dotLines: int(row.dot_lines),
      isEightBit: row.eight_bit === 1,
    };
    const { seq, enqueued } = insertEnvelope(db, copyOf(db, row, changes, newId, now), facts, 0);
    if (seq === null) throw new Error("a message without a key was known by one");
    copyBody(db, { from: int(row.seq), to: seq });
    return enqueued;
  });
}

/** The message anew: queued now, without key, hold and schedule. */
function copyOf(
  db: Connection,
  row: Row,
  changes: EnvelopeChanges,
  newId: string,
  now: number,
): NewMessage {
  const old = toSummary(row);
  const former = db.all("SELECT address, dsn FROM recipient WHERE seq = ? ORDER BY n", old.seq);
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

/** Within SQLite, part by part: the bytes never come up here. */
function copyBody(
  db: Connection,
  { from, to }: { readonly from: number; readonly to: number },
): void {
  db.run(
    `INSERT INTO body (part, bytes) SELECT part + ?, bytes FROM body WHERE part >= ? AND part < ?`,
    (to - from) * PARTS_PER_MESSAGE,
    from * PARTS_PER_MESSAGE,
    (from + 1) * PARTS_PER_MESSAGE,
  );
}
