// The pool of connections to one queue on PostgreSQL: statements, transactions that are tried again
// where that can help, errors in the queue's words. All other files of the store run their SQL by it.

// @ts-types="./pg.d.ts"
import pg from "pg";
import { MailqError } from "../../../queue/errors.ts";
import type { Row } from "../../sql/row.ts";
import { wait } from "../../../system/time.ts";
import { isKeyTaken, isPassing, noPassword, translateError } from "./errors.ts";
import { type Bound, SEARCH_PATH, type Sql, Transaction, type Write } from "./transaction.ts";
import type { Target } from "./url.ts";

interface DatabaseOptions {
  readonly target: Target;
  /** How long a write is tried again, and a database that cannot be reached is waited for. */
  readonly patienceMs: number;
  readonly connections: number;
}

/** A query is given up after so long: a connection that is half open tells nothing. */
const QUERY_MS = 30_000;
const CONNECT_MS = 5_000;
const FIRST_WAIT_MS = 10;
const LONGEST_WAIT_MS = 500;
const INT8 = 20;
const NUMERIC = 1700;
/** invalid_parameter_value: a transaction's number that is still to come. */
const NOT_YET_USED = "22023";

const TYPES = {
  getTypeParser(oid: number, format?: "text" | "binary") {
    // Times are ms, seqs and counts are small: all of them are exact as numbers.
    if ((oid === INT8 || oid === NUMERIC) && format !== "binary") return Number;
    return pg.types.getTypeParser(oid, format);
  },
};

/** The parts of the driver's settings that tell where to connect. */
export function clientConfig(target: Target): pg.ClientConfig {
  const { host, port, user, database, password, tls } = target;
  return {
    host,
    port,
    user,
    database,
    // Asked only where the server wants one. Without this the driver looks for one by itself, and warns
    // that it will not for ever.
    password: () => {
      if (password !== null) return password;
      throw new MailqError("config_invalid", noPassword(target.name));
    },
    ssl: tls ?? false,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_MS,
    application_name: "mailq",
  };
}

interface WriteOptions {
  /** A crash of the database may lose it. */
  readonly isLossy?: boolean;
  /** It may take minutes. */
  readonly isLong?: boolean;
  /** How long it is tried again, where that is not as long as all else. */
  readonly patienceMs?: number;
  /** It changes the schema, and there may be none yet. */
  readonly isOfSchema?: boolean;
}

/** A commit whose answer was lost. */
interface Doubt<T> {
  readonly xid: string;
  readonly result: T;
  readonly life: string | undefined;
}

/** One queue's connections. */
export class Database implements Sql {
  readonly #pool: pg.Pool;
  /** Of which life of the server each connection is: a crash ends one. */
  readonly #lives = new WeakMap<pg.PoolClient, string>();
  readonly target: Target;
  readonly #patienceMs: number;
  /** Set once it is known that no session lasts: nothing may be kept in one. */
  isPooled: boolean;
  /** Is told the newest step of the schema that breaks older programs, in each write before its commit;
   *  throws what ends the write. */
  refuseBreaking: (breaking: number) => void = () => {};

  constructor({ target, patienceMs, connections }: DatabaseOptions) {
    this.target = target;
    this.isPooled = target.isPooled;
    this.#patienceMs = patienceMs;
    this.#pool = new pg.Pool({
      ...clientConfig(target),
      types: TYPES,
      max: connections,
      idleTimeoutMillis: 0,
      query_timeout: QUERY_MS,
      pipeline: true,
      verify: (client, done) => void this.#begin(client).then(() => done(), done),
    });
    // A connection that is lost while nobody uses it: the next one who needs one gets another.
    this.#pool.on("error", () => {});
    // And one that is lost between two statements of a transaction: the next of them tells.
    this.#pool.on("connect", (client) => client.on("error", () => {}));
  }

  /** Finds out about a new connection whether a pooler is in between: it tells another number of the
   *  session than the session itself. Where none is, statements by themselves find our tables. */
  async #begin(client: pg.PoolClient): Promise<void> {
    this.#lives.set(client, await lifeOf(client));
    if (this.isPooled) return;
    const { rows: [row] } = await client.query(
      `SELECT pg_backend_pid() AS pid, CASE WHEN pg_backend_pid() = ${client.processID}
         THEN set_config('search_path', 'mailq, pg_temp', false) END`,
    );
    if (row?.pid !== client.processID) this.isPooled = true;
  }

  /** How it is called in errors: without a password. */
  get name(): string {
    return this.target.name;
  }

  async all(sql: string, ...values: Bound[]): Promise<Row[]> {
    return await this.#reading((tx) => tx.all(sql, ...values));
  }

  async get(sql: string, ...values: Bound[]): Promise<Row | undefined> {
    return await this.#reading((tx) => tx.get(sql, ...values));
  }

  /** One statement in a commit of its own. */
  async run(sql: string, ...values: Bound[]): Promise<number> {
    return await this.write((tx) => tx.run(sql, ...values));
  }

  #reading<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#patiently(async () => {
      const client = await this.#pool.connect();
      let broken: Error | undefined;
      try {
        const tx = new Transaction(client, this.isPooled);
        if (!this.isPooled) return await work(tx);
        return await inTransaction(tx, "BEGIN READ ONLY", () => work(tx));
      } catch (error) {
        broken = brokenBy(error);
        throw error;
      } finally {
        client.release(broken);
      }
    });
  }

  /** Runs `work` in one transaction; what it did is on disk once this resolves. `work` may be run
   *  again from the start, so it must do nothing else. Of a commit whose answer was lost the database
   *  is asked what became of it. */
  write<T>(
    work: (tx: Write) => Promise<T>,
    { isLossy = false, isLong = false, isOfSchema = false, patienceMs }: WriteOptions = {},
  ): Promise<T> {
    let doubtful: Doubt<T> | null = null;
    return this.#patiently(async () => {
      const client = await this.#pool.connect();
      let broken: Error | undefined;
      try {
        const tx = new Transaction(client, this.isPooled, isLong);
        if (doubtful !== null) {
          const isSameLife = this.#lives.get(client) === doubtful.life;
          if (await hasCommitted(tx, doubtful.xid) && isSameLife) return doubtful.result;
          doubtful = null;
        }
        const beginning = this.#beginWrite(tx, { isLossy, isFirst: isOfSchema });
        // All of it is over before it is rolled back: a statement that came later would be no part of it.
        const [begun, done] = await Promise.allSettled([beginning, work(tx)]);
        if (begun.status === "rejected" || done.status === "rejected") {
          await tx.rollBack();
          // What came first explains what came after it.
          throw [begun, done].find((one) => one.status === "rejected")?.reason;
        }
        const [xid, result] = [begun.value, done.value];
        doubtful = { xid, result, life: this.#lives.get(client) };
        await tx.commit();
        return result;
      } catch (error) {
        // The server has answered: there is no doubt.
        if (error instanceof pg.DatabaseError && error.severity !== "FATAL") doubtful = null;
        broken = brokenBy(error);
        throw error;
      } finally {
        client.release(broken);
      }
    }, patienceMs);
  }

  async #beginWrite(
    tx: Transaction,
    options: Parameters<Transaction["begin"]>[0],
  ): Promise<string> {
    const { xid, breaking } = await tx.begin(options);
    this.refuseBreaking(breaking);
    return xid;
  }

  /** Tries again while what stands in the way may pass. */
  async #patiently<T>(work: () => Promise<T>, patienceMs = this.#patienceMs): Promise<T> {
    const giveUpAt = performance.now() + patienceMs;
    for (let waitMs = FIRST_WAIT_MS;; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
      try {
        return await work();
      } catch (error) {
        const isWorthIt = isPassing(error) || isKeyTaken(error);
        if (!isWorthIt || performance.now() >= giveUpAt) throw translateError(error, this.name);
      }
      await wait(waitMs * (0.5 + Math.random()));
    }
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

/** A connection that failed by itself, and not by a statement, is not used again. */
function brokenBy(error: unknown): Error | undefined {
  if (error instanceof MailqError) return undefined;
  const isAnswer = error instanceof pg.DatabaseError && error.severity !== "FATAL";
  return isAnswer ? undefined : error instanceof Error ? error : new Error(String(error));
}

/** Tells one life of the server from the next: a crash resets its statistics, a stop keeps them. What a
 *  crash has undone leaves its number to another transaction. */
async function lifeOf(client: pg.PoolClient): Promise<string> {
  const { rows: [row] } = await client.query(
    "SELECT stats_reset::text AS life FROM pg_stat_bgwriter",
  );
  return String(row?.life);
}

async function hasCommitted(tx: Transaction, xid: string): Promise<boolean> {
  for (;;) {
    const status = await statusOf(tx, xid);
    if (status !== "in progress") return status === "committed";
    // The server has not yet seen that its client is gone.
    await wait(FIRST_WAIT_MS);
  }
}

async function statusOf(tx: Transaction, xid: string): Promise<unknown> {
  try {
    return (await tx.get("SELECT pg_xact_status(?::xid8) AS status", xid))?.status;
  } catch (error) {
    // A crash has undone it, and its number is not used again yet.
    if (error instanceof pg.DatabaseError && error.code === NOT_YET_USED) return "aborted";
    throw error;
  }
}

async function inTransaction<T>(
  tx: Transaction,
  begin: string,
  work: () => Promise<T>,
): Promise<T> {
  await tx.script(`${begin}; ${SEARCH_PATH}`);
  try {
    const result = await work();
    await tx.commit();
    return result;
  } catch (error) {
    await tx.rollBack();
    throw error;
  }
}
