// Queues a copy of a message with another envelope, its bytes copied within the database. For `mailq
// resend --to` and the screen's form; the copy is inserted by take_in/enqueue.ts.

import type { Enqueued } from "../../../queue/ports/intake.ts";
import type { EnvelopeChanges } from "../../../queue/ports/operator.ts";
import { int } from "../../sql/columns.ts";
import { VISIBLE } from "../../sql/condition.ts";
import { COPIED, copyable, copyOf, factsOf, refuseNobody } from "../../sql/rows/copied_message.ts";
import type { Database } from "../db/connection.ts";
import type { Sql } from "../db/transaction.ts";
import { enqueueAll } from "../take_in/enqueue.ts";

/** See Operator.resendChanged. `wake` runs inside the write. */
export async function resendChanged(
  db: Database,
  id: string,
  changes: EnvelopeChanges,
  { newId, now, wake }: {
    readonly newId: string;
    readonly now: number;
    readonly wake: (tx: Sql) => Promise<void>;
  },
): Promise<Enqueued> {
  refuseNobody(id, changes);
  return await db.write(async (tx) => {
    const row = copyable(
      id,
      await tx.get(`SELECT ${COPIED} FROM message WHERE id = ? AND ${VISIBLE} FOR SHARE`, id),
    );
    const seq = int(row.seq);
    const former = await tx.all("SELECT address, dsn FROM recipient WHERE seq = ? ORDER BY n", seq);
    const message = copyOf({ row, former }, changes, newId, now);
    const [copy] = await enqueueAll(tx, [{ message, facts: factsOf(row), content: null }]);
    if (copy === undefined || copy.seq === null) {
      throw new Error("a message without a key was known by one");
    }
    await tx.run(
      "INSERT INTO body (seq, part, bytes) SELECT ?, part, bytes FROM body WHERE seq = ?",
      copy.seq,
      seq,
    );
    tx.counts.add("enqueued", ["resend"]);
    await wake(tx);
    return copy.enqueued;
  });
}
