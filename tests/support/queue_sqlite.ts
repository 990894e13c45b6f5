import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { Store } from "../../src/queue/ports/store.ts";
import type { WorkerHandle } from "../../src/queue/ports/claims.ts";
import { SqliteStore } from "../../src/store/sqlite/store.ts";
import { SqliteWorker } from "../../src/store/sqlite/claims/workers.ts";
import type { AnotherOptions, StoreFixture } from "../contract/store_contract.ts";
import { putEmptyQueue } from "./empty_queue.ts";
import { FakeClock } from "./queue_clock.ts";
import { verifyMessage } from "./queue_rows.ts";
import { systemRandom } from "../../src/system/time.ts";

/** A fresh queue in a folder of its own; when it is disposed of it must be in good order. */
export class SqliteFixture implements StoreFixture {
  readonly #others: Store[] = [];

  private constructor(
    readonly folder: string,
    readonly clock: FakeClock,
    readonly store: SqliteStore,
  ) {}

  static async open(): Promise<SqliteFixture> {
    const folder = await Deno.makeTempDir({ prefix: "mailq-store-" });
    const clock = new FakeClock();
    await putEmptyQueue(`${folder}/queue.db`);
    return new SqliteFixture(folder, clock, await openSqlite(`${folder}/queue.db`, clock));
  }

  /** A queue whose claims and records go through a thread from the first on. */
  static async openWithThread(): Promise<SqliteFixture> {
    const fixture = await SqliteFixture.open();
    await (await fixture.store.claiming()).startThread();
    return fixture;
  }

  get queue(): string {
    return `${this.folder}/queue.db`;
  }

  get elsewhere(): string {
    return `${this.folder}/elsewhere.db`;
  }

  async another(options?: AnotherOptions): Promise<SqliteStore> {
    const store = await openSqlite(this.queue, this.clock, options);
    this.#others.push(store);
    return store;
  }

  abandon(worker: WorkerHandle): void {
    assert(worker instanceof SqliteWorker);
    worker.lock?.release();
  }

  verify(): void {
    verifySqlite(this.queue);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      for (const store of [this.store, ...this.#others]) await store.close();
      this.verify();
    } finally {
      await Deno.remove(this.folder, { recursive: true });
    }
  }
}

export function openSqlite(
  path: string,
  clock = new FakeClock(),
  { keepsBodies, holdsUncertain, wayIn }: AnotherOptions = {},
): Promise<SqliteStore> {
  return SqliteStore.open({
    path,
    create: true,
    isWorker: true,
    clock,
    random: systemRandom,
    keepsBodies,
    holdsUncertain,
    wayIn,
  });
}

/** The rows of a statement on a queue that a test looks at from outside. */
export function rowsOf(path: string, sql: string): Record<string, unknown>[] {
  const db = new DatabaseSync(path);
  try {
    return db.prepare(sql).all().map((row) => ({ ...row }));
  } finally {
    db.close();
  }
}

/** Fails if what a queue says of itself does not agree: counts with a recount, each message's row
 *  with its recipients, the file with SQLite's own checks. */
export function verifySqlite(path: string): void {
  const db = new DatabaseSync(path);
  const all = (sql: string) => db.prepare(sql).all();
  try {
    assert.deepEqual(all("PRAGMA integrity_check").map((row) => row.integrity_check), ["ok"]);
    assert.deepEqual(all("PRAGMA foreign_key_check"), []);
    assert.deepEqual(
      all("SELECT lane, status, n FROM tally WHERE n <> 0 ORDER BY 1, 2"),
      all("SELECT lane, status, count(*) AS n FROM message GROUP BY 1, 2 ORDER BY 1, 2"),
    );
    const orphans = `SELECT part FROM body WHERE part / 4096 NOT IN (SELECT seq FROM message)
      UNION ALL SELECT seq FROM recipient WHERE seq NOT IN (SELECT seq FROM message)
      UNION ALL SELECT id FROM words_docsize WHERE id NOT IN (SELECT seq FROM message)`;
    assert.deepEqual(all(orphans), []);
    for (const message of all("SELECT * FROM message")) {
      const recipients = db.prepare("SELECT * FROM recipient WHERE seq = ? ORDER BY n")
        .all(Number(message.seq));
      verifyMessage(message, recipients);
    }
  } finally {
    db.close();
  }
}
