// Puts a large batch together in an invisible lane, in several commits, and makes it visible in
// one. Where its messages go then is the target's (stage_target.ts).

import { MailqError } from "../../../queue/errors.ts";
import type { ContentFacts, NewMessage, WholeMessage } from "../../../queue/message.ts";
import type { Enqueued, Stage } from "../../../queue/ports/intake.ts";
import { int } from "../../sql/columns.ts";
import { cutIntoParts } from "../../sql/parts.ts";
import type { PostgresWorker } from "../claims/workers.ts";
import { tellEnqueued } from "../../sqlite/events/write.ts";
import type { Database } from "../db/connection.ts";
import { json, type Sql } from "../db/transaction.ts";
import { PART_BYTES, PARTS_PER_MESSAGE } from "../db/layout.ts";
import { type BodyPart, type Incoming, incoming, insertParts, insertUnknown } from "./enqueue.ts";
import { knownMessage } from "./enqueue.ts";
import { type StageTarget, sweepLanes } from "./stage_target.ts";

/** Parts of a large message that go into one commit: 8 MB. */
const COMMIT_PARTS = 8 * 1024 * 1024 / PART_BYTES;
const CUT = { partBytes: PART_BYTES, parts: PARTS_PER_MESSAGE };
const NOT_YET: ContentFacts = { sizeBytes: 0, dotLines: 0, isEightBit: false };

/** A batch being put together by `owner`. */
export class PostgresStage implements Stage {
  #isOver = false;

  private constructor(
    readonly db: Database,
    readonly lane: number,
    readonly owner: PostgresWorker,
    readonly target: StageTarget,
    /** Runs inside the write of the commit: tells who waits for mail. */
    readonly wake: (tx: Sql) => Promise<void>,
  ) {}

  static async begin(
    db: Database,
    owner: PostgresWorker,
    target: StageTarget,
    wake: (tx: Sql) => Promise<void>,
  ): Promise<PostgresStage> {
    try {
      const lane = await db.write((tx) => makeLane(tx, owner));
      return new PostgresStage(db, lane, owner, target, wake);
    } catch (error) {
      await owner.close();
      throw error;
    }
  }

  async add(messages: readonly WholeMessage[]): Promise<Enqueued[]> {
    return (await this.#insert(messages.map(incoming))).map((one) => one.enqueued);
  }

  async addLarge(
    message: NewMessage,
    pieces: AsyncIterable<Uint8Array>,
    facts: () => ContentFacts,
  ): Promise<Enqueued> {
    const { db } = this;
    const [inserted] = await this.#insert([
      { message, facts: NOT_YET, content: null, isTold: false },
    ]);
    if (inserted === undefined) throw new Error("one message in, none out");
    const { seq, enqueued } = inserted;
    if (seq === null) return enqueued;
    let waiting: BodyPart[] = [];
    let part = 0;
    const flush = async () => {
      const parts = waiting;
      waiting = [];
      await db.write((tx) => insertParts(tx, parts));
    };
    // Reading comes between the commits, never inside one.
    for await (const bytes of cutIntoParts(pieces, CUT)) {
      waiting.push({ seq, part: part++, bytes });
      if (waiting.length >= COMMIT_PARTS) await flush();
    }
    if (waiting.length > 0) await flush();
    const { sizeBytes, dotLines, isEightBit } = facts();
    await db.write(async (tx) => {
      await tx.run(
        "UPDATE message SET size = ?, dot_lines = ?, eight_bit = ? WHERE seq = ?",
        sizeBytes,
        dotLines,
        isEightBit ? 1 : 0,
        seq,
      );
      const { suppressed } = enqueued;
      tellEnqueued(tx, message, sizeBytes, { lane: this.lane, suppressed });
    });
    return enqueued;
  }

  async #insert(messages: readonly Incoming[]) {
    const { lane, target } = this;
    return await this.db.write(async (tx) => {
      await this.#holdLane(tx);
      const keys = messages.flatMap(({ message: { key } }) => key ?? []);
      const known = keys.length === 0
        ? new Map<string, Enqueued>()
        : new Map([...await target.known(tx, keys), ...await keysOfLane(tx, keys, lane)]);
      return await insertUnknown(tx, messages, { known, lane });
    });
  }

  /** Whoever takes this process for dead sweeps what it has staged; not while this holds. */
  async #holdLane(tx: Sql): Promise<void> {
    const row = await tx.get("SELECT 1 FROM batch WHERE id = ? FOR KEY SHARE", this.lane);
    if (row !== undefined) return;
    throw new MailqError(
      "busy",
      `Cannot write the queue ${this.db.name}: this process was cut off from it for too long; ` +
        "nothing was queued, try again",
    );
  }

  async commit(): Promise<ReadonlyMap<string, Enqueued>> {
    const { db, lane, owner, target } = this;
    await target.check();
    const taken = await db.write(async (tx) => {
      await this.#holdLane(tx);
      const taken = await target.take(tx, [lane], owner.clock.now());
      // In the same commit: after it nothing may fail, for the mail is in the queue.
      await owner.deregister(tx);
      await this.wake(tx);
      return taken;
    }, { isLong: true });
    this.#isOver = true;
    owner.letGo();
    return taken;
  }

  async abort(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await sweepLanes(this.db, [this.lane], () => Promise.resolve());
    await this.owner.close();
  }
}

async function keysOfLane(
  tx: Sql,
  keys: readonly string[],
  lane: number,
): Promise<Map<string, Enqueued>> {
  const rows = await tx.all(
    `SELECT staged_key.key, message.id FROM staged_key JOIN message USING (seq)
     WHERE staged_key.key IN (SELECT jsonb_array_elements_text(?::jsonb)) AND message.lane = ?`,
    json(keys),
    lane,
  );
  return new Map(rows.map((row) => [String(row.key), knownMessage(row.id)]));
}

/** Makes an invisible lane of a worker's; runs inside a write. */
export async function makeLane(tx: Sql, owner: PostgresWorker): Promise<number> {
  const row = await tx.get(
    "INSERT INTO batch (owner, created_at) VALUES (?, ?) RETURNING id",
    owner.id,
    owner.clock.now(),
  );
  return int(row?.id);
}
