import type { ContentFacts, NewMessage } from "../../queue/message.ts";
import type { Clock, Enqueued, Stage, WholeMessage } from "../../queue/ports.ts";
import type { Connection } from "./connection.ts";
import { wake } from "./wake.ts";
import {
  type Inserted,
  insertEnvelope,
  insertMessage,
  insertPart,
  knownKey,
  STAGED_KEY,
} from "./enqueue.ts";
import { cutIntoParts } from "./parts.ts";
import { PART_BYTES, STORED_STATUSES } from "./schema.ts";
import type { SqliteWorker } from "./workers.ts";

/** Parts of a large message that go into one commit: 8 MB. */
const COMMIT_PARTS = 8 * 1024 * 1024 / PART_BYTES;
/** Batches of at most this many messages lose their lane when they become visible. */
const MERGE_MESSAGES = 2_000;
const NOT_YET: ContentFacts = { sizeBytes: 0, dotLines: 0, isEightBit: false };

/** A batch being put together under the lock of `owner`. */
export class SqliteStage implements Stage {
  #messages = 0;
  #keyed = 0;
  #isOver = false;

  constructor(
    readonly db: Connection,
    readonly lane: number,
    readonly owner: SqliteWorker,
  ) {}

  static async begin(db: Connection, owner: SqliteWorker, clock: Clock): Promise<SqliteStage> {
    try {
      const lane = await db.write(() => {
        const id = db.insert(
          "INSERT INTO batch (state, owner, created_at) VALUES ('staged', ?, ?)",
          owner.id,
          clock.now(),
        );
        for (const status of STORED_STATUSES) {
          db.run("INSERT INTO tally VALUES (?, ?, 0)", id, status);
        }
        return id;
      });
      return new SqliteStage(db, lane, owner);
    } catch (error) {
      await owner.close();
      throw error;
    }
  }

  async add(messages: readonly WholeMessage[]): Promise<Enqueued[]> {
    const inserted = await this.#insertAll(
      messages,
      (message) => insertMessage(this.db, message, this.lane),
    );
    return inserted.map((one) => one.enqueued);
  }

  async addLarge(
    message: NewMessage,
    pieces: AsyncIterable<Uint8Array>,
    facts: () => ContentFacts,
  ): Promise<Enqueued> {
    const [inserted] = await this.#insertAll(
      [message],
      (keyless) => insertEnvelope(this.db, keyless, NOT_YET, this.lane),
    );
    if (inserted === undefined) throw new Error("one message in, none out");
    const { seq, enqueued } = inserted;
    if (seq === null) return enqueued;
    let waiting: Uint8Array[] = [];
    let parts = 0;
    const flush = async () => {
      await this.db.write(() => {
        for (const [n, bytes] of waiting.entries()) insertPart(this.db, seq, parts + n, bytes);
      });
      parts += waiting.length;
      waiting = [];
    };
    // Reading comes between the commits, never inside one: a slow writer must not hold the lock.
    for await (const part of cutIntoParts(pieces)) {
      waiting.push(part);
      if (waiting.length >= COMMIT_PARTS) await flush();
    }
    if (waiting.length > 0) await flush();
    const { sizeBytes, dotLines, isEightBit } = facts();
    await this.db.write(() =>
      this.db.run(
        "UPDATE OR ROLLBACK message SET size = ?, dot_lines = ?, eight_bit = ? WHERE seq = ?",
        sizeBytes,
        dotLines,
        isEightBit ? 1 : 0,
        seq,
      )
    );
    return enqueued;
  }

  /** Inserts messages in one commit, but for those whose key is known to the queue or to this
   *  batch. */
  async #insertAll<M extends NewMessage>(
    messages: readonly M[],
    insert: (staged: M) => Inserted,
  ): Promise<Inserted[]> {
    const inserted = await this.db.write(() =>
      messages.map((message): Inserted => {
        const { key } = message;
        if (key === null) return insert(message);
        const known = knownKey(this.db, key);
        return known === null
          ? insert({ ...message, key: stagedPrefix(this.lane) + key })
          : { seq: null, enqueued: known };
      })
    );
    for (const [i, { seq }] of inserted.entries()) {
      if (seq === null) continue;
      this.#messages++;
      if (messages[i]?.key !== null) this.#keyed++;
    }
    return inserted;
  }

  async commit(): Promise<ReadonlyMap<string, Enqueued>> {
    const taken = await this.db.write(() => {
      const taken = this.#keyed === 0 ? new Map<string, Enqueued>() : this.#settleKeys();
      if (this.#messages - taken.size <= MERGE_MESSAGES) {
        this.db.run(
          `UPDATE OR ROLLBACK message INDEXED BY by_lane SET lane = 0
           WHERE lane = ? AND lane <> 0`,
          this.lane,
        );
        dropLane(this.db, this.lane);
      } else {
        this.db.run("UPDATE batch SET state = 'visible' WHERE id = ?", this.lane);
      }
      // In the same commit: after it nothing may fail, for the mail is in the queue.
      this.owner.deregister();
      return taken;
    });
    this.#isOver = true;
    this.owner.letGo();
    wake(this.db);
    return taken;
  }

  /** Deletes the messages whose key was taken meanwhile and gives the others theirs; runs inside a
   *  write. */
  #settleKeys(): Map<string, Enqueued> {
    const keyAt = stagedPrefix(this.lane).length + 1;
    const taken = new Map<string, Enqueued>();
    const twins = this.db.all(
      `SELECT staged.seq, staged.id, first.id AS first_id
       FROM message AS staged INDEXED BY by_lane
       JOIN message AS first INDEXED BY by_key ON first.key = substr(staged.key, ?)
       WHERE staged.lane = ? AND staged.lane <> 0 AND first.key IS NOT NULL`,
      keyAt,
      this.lane,
    );
    for (const { seq, id, first_id } of twins) {
      this.db.run("DELETE FROM message WHERE seq = ?", Number(seq));
      taken.set(String(id), { id: String(first_id), isKnownKey: true, suppressed: [] });
    }
    this.db.run(
      `UPDATE OR ROLLBACK message INDEXED BY by_lane SET key = substr(key, ?)
       WHERE lane = ? AND lane <> 0 AND key IS NOT NULL`,
      keyAt,
      this.lane,
    );
    return taken;
  }

  async abort(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await sweepLane(this.db, this.lane);
    await this.owner.close();
  }
}

/** What a key begins with until its batch is committed. Under its own name another call would take
 *  the message for mail that is in the queue, which it never gets to be if we die. */
function stagedPrefix(lane: number): string {
  return `${STAGED_KEY}${lane} `;
}

/** Deletes what was staged in `lane`, in commits of their own. */
export async function sweepLane(db: Connection, lane: number): Promise<void> {
  const sweepSome = () =>
    db.run(
      `DELETE FROM message WHERE seq IN
         (SELECT seq FROM message INDEXED BY by_lane WHERE lane = ? AND lane <> 0 LIMIT 500)`,
      lane,
    );
  while (await db.write(sweepSome) > 0);
  await db.write(() => dropLane(db, lane));
}

function dropLane(db: Connection, lane: number): void {
  db.run("DELETE FROM batch WHERE id = ?", lane);
  db.run("DELETE FROM tally WHERE lane = ? AND lane <> 0", lane);
}
