// Queues a copy of a message with another envelope, its bytes copied within SQLite. For `mailq
// resend --to` and the screen's form; the copy is inserted by take_in/enqueue.ts.

import type { Enqueued } from "../../../queue/ports/intake.ts";
import type { EnvelopeChanges } from "../../../queue/ports/operator.ts";
import { int } from "../../sql/columns.ts";
import { COPIED, copyable, copyOf, factsOf, refuseNobody } from "../../sql/rows/copied_message.ts";
import type { Connection } from "../db/connection.ts";
import { tellEnqueued } from "../events/write.ts";
import { countEnqueued, insertEnvelope } from "../take_in/enqueue.ts";
import { VISIBLE } from "../../sql/condition.ts";
import { PARTS_PER_MESSAGE } from "../db/layout.ts";

/** See Operator.resendChanged. */
export async function resendChanged(
  db: Connection,
  id: string,
  changes: EnvelopeChanges,
  newId: string,
  now: number,
): Promise<Enqueued> {
  refuseNobody(id, changes);
  return await db.write(() => {
    const row = copyable(
      id,
      db.get(`SELECT ${COPIED} FROM message WHERE id = ? AND ${VISIBLE}`, id),
    );
    const former = db.all(
      "SELECT address, dsn FROM recipient WHERE seq = ? ORDER BY n",
      int(row.seq),
    );
    const copy = copyOf({ row, former }, changes, newId, now);
    const facts = factsOf(row);
    const { seq, enqueued } = insertEnvelope(db, copy, facts, 0);
    if (seq === null) throw new Error("a message without a key was known by one");
    tellEnqueued(db, copy, facts.sizeBytes, { lane: 0, suppressed: enqueued.suppressed });
    copyBody(db, { from: int(row.seq), to: seq });
    countEnqueued(db, "resend", 1);
    return enqueued;
  });
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
