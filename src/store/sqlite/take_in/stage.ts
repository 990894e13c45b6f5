// Puts a large batch together in an invisible lane, in several commits, and makes it visible in
// one. Where its messages go then is the target's (stage_target.ts).

import type { ContentFacts, NewMessage, WholeMessage } from "../../../queue/message.ts";
import type { Enqueued, Stage } from "../../../queue/ports/intake.ts";
import { STORED_STATUSES } from "../../../queue/state.ts";
import type { Connection } from "../db/connection.ts";
import { type Inserted, insertEnvelope, insertMessage, insertPart } from "./enqueue.ts";
import { tellEnqueued } from "../events/write.ts";
import { cutIntoParts } from "../../sql/parts.ts";
import { PART_BYTES, PARTS_PER_MESSAGE } from "../db/layout.ts";
import { keyOfLane, settleKeys, settleMany, stageKey } from "./staged_keys.ts";
import { type StageTarget, sweepLane } from "./stage_target.ts";
import { registerWorker, type SqliteWorker } from "../claims/workers.ts";
import type { Clock, Random } from "../../../system/time.ts";

/** Parts of a large message that go into one commit: 8 MB. */
const COMMIT_PARTS = 8 * 1024 * 1024 / PART_BYTES;
const CUT = { partBytes: PART_BYTES, parts: PARTS_PER_MESSAGE };
const NOT_YET: ContentFacts = { sizeBytes: 0, dotLines: 0, isEightBit: false };

/** A batch being put together under the lock of `owner`. */
export class SqliteStage implements Stage {
  #messages = 0;
  #isOver = false;

  constructor(
    readonly db: Connection,
    readonly lane: number,
    readonly owner: SqliteWorker,
    readonly target: StageTarget,
    readonly clock: Clock,
  ) {}

  static async begin(
    db: Connection,
    clock: Clock,
    random: Random,
    target: StageTarget,
  ): Promise<SqliteStage> {
    const owner = await registerWorker(db, "enqueue", { clock, random });
    try {
      const lane = await db.write(() => makeLane(db, owner.id, clock.now()));
      return new SqliteStage(db, lane, owner, target, clock);
    } catch (error) {
      await owner.close();
      throw error;
    }
  }

  async add(messages: readonly WholeMessage[]): Promise<Enqueued[]> {
    const inserted = await this.#insertAll(
      messages,
      (keyless, message) => insertMessage(this.db, keyless, this.lane, message),
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
    for await (const part of cutIntoParts(pieces, CUT)) {
      waiting.push(part);
      if (waiting.length >= COMMIT_PARTS) await flush();
    }
    if (waiting.length > 0) await flush();
    const { sizeBytes, dotLines, isEightBit } = facts();
    await this.db.write(() => {
      this.db.run(
        "UPDATE OR ROLLBACK message SET size = ?, dot_lines = ?, eight_bit = ? WHERE seq = ?",
        sizeBytes,
        dotLines,
        isEightBit ? 1 : 0,
        seq,
      );
      const { suppressed } = enqueued;
      tellEnqueued(this.db, message, sizeBytes, { lane: this.lane, suppressed });
    });
    return enqueued;
  }

  /** Inserts messages in one commit, without their keys, but for those whose key is known to the
   *  queue or to this batch. */
  async #insertAll<M extends NewMessage>(
    messages: readonly M[],
    insert: (keyless: M, message: M) => Inserted,
  ): Promise<Inserted[]> {
    const { db, lane, target } = this;
    const inserted = await db.write(() =>
      messages.map((message): Inserted => {
        const { key } = message;
        if (key === null) return insert(message, message);
        const known = keyOfLane(db, key, lane) ?? target.known(key);
        if (known !== null) return { seq: null, enqueued: known };
        const one = insert({ ...message, key: null }, message);
        if (one.seq !== null) stageKey(db, one.seq, key);
        return one;
      })
    );
    this.#messages += inserted.filter((one) => one.seq !== null).length;
    return inserted;
  }

  async commit(): Promise<ReadonlyMap<string, Enqueued>> {
    const { db, lane, owner, target, clock } = this;
    await target.check();
    const settled = await settleMany(db, owner.id, this.#messages, target);
    const taken = await db.write(() => {
      const taken = settleKeys(db, owner.id, target, settled);
      target.takeLane(lane, this.#messages - taken.size, clock.now());
      // In the same commit: after it nothing may fail, for the mail is in the queue.
      owner.deregister();
      return taken;
    });
    this.#isOver = true;
    owner.letGo();
    target.told();
    return taken;
  }

  async abort(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await sweepLane(this.db, this.lane);
    await this.owner.close();
  }
}

/** Makes an invisible lane of a worker's; runs inside a write. */
export function makeLane(db: Connection, owner: number, now: number): number {
  const lane = db.insert(
    "INSERT INTO batch (state, owner, created_at) VALUES ('staged', ?, ?)",
    owner,
    now,
  );
  for (const status of STORED_STATUSES) db.run("INSERT INTO tally VALUES (?, ?, 0)", lane, status);
  return lane;
}
