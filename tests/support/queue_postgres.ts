import assert from "node:assert/strict";
// @ts-types="../../src/store/postgres/db/pg.d.ts"
import pg from "pg";
import type { WorkerHandle } from "../../src/queue/ports/claims.ts";
import type { Store } from "../../src/queue/ports/store.ts";
import { PostgresWorker } from "../../src/store/postgres/claims/workers.ts";
import { PostgresStore } from "../../src/store/postgres/store.ts";
import { systemRandom } from "../../src/system/time.ts";
import type { AnotherOptions, StoreFixture } from "../contract/store_contract.ts";
import type { PostgresServer } from "./postgres_server.ts";
import { FakeClock } from "./queue_clock.ts";
import { verifyMessage } from "./queue_rows.ts";

type Row = Record<string, unknown>;

/** A fresh queue in a database of its own; when it is disposed of it must be in good order. */
export class PostgresFixture implements StoreFixture {
  readonly #others: Store[] = [];

  private constructor(
    readonly server: PostgresServer,
    readonly name: string,
    readonly clock: FakeClock,
    readonly store: PostgresStore,
  ) {}

  static async open(server: PostgresServer): Promise<PostgresFixture> {
    const name = free.pop() ?? await putNewQueue(server);
    const clock = new FakeClock();
    return new PostgresFixture(server, name, clock, await openPostgres(server.url(name), clock));
  }

  get queue(): string {
    return this.server.url(this.name);
  }

  get elsewhere(): string {
    return this.server.url(ELSEWHERE);
  }

  async another(options?: AnotherOptions): Promise<PostgresStore> {
    const store = await openPostgres(this.queue, this.clock, options);
    this.#others.push(store);
    return store;
  }

  abandon(worker: WorkerHandle): void {
    assert(worker instanceof PostgresWorker);
    worker.abandon();
  }

  async verify(): Promise<void> {
    await withClient(this.server, this.name, verifyPostgres);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const store of [this.store, ...this.#others]) await store.close();
    await withClient(this.server, this.name, async (all) => {
      await verifyPostgres(all);
      await all(EMPTY);
    });
    free.push(this.name);
  }
}

// Making a database takes longer than most tests do.
const free: string[] = [];
/** A database that no test expects anything of. */
const ELSEWHERE = "elsewhere";
const EMPTY = `DO $$ DECLARE tables text; BEGIN
  SELECT string_agg(format('mailq.%I', tablename), ', ') INTO tables FROM pg_tables
    WHERE schemaname = 'mailq' AND tablename NOT IN ('meta', 'migration');
  EXECUTE 'TRUNCATE ' || tables || ' RESTART IDENTITY';
  DELETE FROM mailq.meta WHERE key <> 'queue_id';
END $$`;

export function openPostgres(
  url: string,
  clock = new FakeClock(),
  { keepsBodies, holdsUncertain, wayIn }: AnotherOptions = {},
): Promise<PostgresStore> {
  return PostgresStore.open({
    url,
    create: true,
    isWorker: true,
    clock,
    isOwnTime: true,
    random: systemRandom,
    keepsBodies,
    holdsUncertain,
    wayIn,
  });
}

/** Runs one statement; resolves to its rows. */
type RunSql = (sql: string) => Promise<Row[]>;

/** Looks at a database from outside, as its owner. */
export async function withClient<T>(
  { host }: PostgresServer,
  database: string,
  work: (all: RunSql) => Promise<T>,
): Promise<T> {
  const password = Deno.env.get("MAILQ_QUEUE_PASSWORD");
  const client = new pg.Client({ host, user: "mailq", database, password });
  await client.connect();
  try {
    return await work(async (sql) => (await client.query(sql)).rows);
  } finally {
    await client.end();
  }
}

/** Makes a database for a queue; resolves to its name. */
export async function putNewQueue(server: PostgresServer): Promise<string> {
  const name = `queue_${crypto.randomUUID().replaceAll("-", "")}`;
  await withClient(server, "postgres", async (all) => {
    await all(`CREATE DATABASE ${name}`);
    // Others may share the server.
    await all(`CREATE DATABASE ${ELSEWHERE}`).catch(() => {});
  });
  return name;
}

/** Fails if what a queue says of itself does not agree: counts with a recount, each message's row with
 *  its recipients, what may be claimed with what is queued. */
async function verifyPostgres(all: RunSql): Promise<void> {
  await all("SET search_path = mailq");
  const visible = "lane NOT IN (SELECT id FROM batch)";
  assert.deepEqual(
    await all(`SELECT status, sum(n)::int AS n FROM tally WHERE ${visible}
      GROUP BY 1 HAVING sum(n) <> 0 ORDER BY 1`),
    await all(`SELECT status, count(*)::int AS n FROM message WHERE ${visible}
      GROUP BY 1 ORDER BY 1`),
  );
  const queued = `SELECT seq, priority, queued_at FROM message
    WHERE status = 'queued' AND ${visible}`;
  assert.deepEqual(
    await all(`(TABLE ready EXCEPT ${queued}) UNION ALL (${queued} EXCEPT TABLE ready)`),
    [],
  );
  for (const table of ["body", "recipient", "tag", "attempt", "words", "staged_key"]) {
    const orphans = `SELECT seq FROM ${table} WHERE seq NOT IN (SELECT seq FROM message)`;
    assert.deepEqual(await all(orphans), [], table);
  }
  const stray = `SELECT token FROM begun
    WHERE token NOT IN (SELECT claim_token FROM message WHERE claim_token IS NOT NULL)`;
  assert.deepEqual(await all(stray), []);
  const recipients = Map.groupBy(
    await all("SELECT * FROM recipient ORDER BY seq, n"),
    (row) => row.seq,
  );
  for (const message of await all("SELECT * FROM message")) {
    verifyMessage(numbers(message), (recipients.get(message.seq) ?? []).map(numbers));
  }
}

/** The driver reads large numbers as texts, unless it is told otherwise. */
function numbers(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map((
      [name, value],
    ) => [name, /_at$|_token$|_worker$/.test(name) && value !== null ? Number(value) : value]),
  );
}
