// One transaction on one connection: statements, what is told and counted in it, its end. connection.ts
// makes them; all rooms of the store get one to run their SQL by.

// @ts-types="./pg.d.ts"
import type pg from "pg";
import { Counts } from "../../../queue/counters.ts";
import type { Row, Value } from "../../sql/row.ts";
import type { Teller } from "../../sql/teller.ts";
import { NotedEvents } from "../../sqlite/events/write.ts";
import { numbered } from "./placeholders.ts";

/** What may be bound to a statement; lists are PostgreSQL's arrays. */
export type Bound = Value | readonly number[] | readonly string[];

/** What runs statements: a transaction, or the pool, where each statement is one by itself. */
export interface Sql {
  all(sql: string, ...values: Bound[]): Promise<Row[]>;
  get(sql: string, ...values: Bound[]): Promise<Row | undefined>;
  /** Resolves to how many rows changed. */
  run(sql: string, ...values: Bound[]): Promise<number>;
}

/** A transaction of a write. What is told and counted in it is written with it. */
export interface Write extends Sql, Teller {
  readonly counts: Counts;
  /** Runs statements without values, one after another. */
  script(sql: string): Promise<void>;
}

/** One that changes a whole batch. */
const LONG_QUERY_MS = 3_600_000;
/** Statements kept prepared on a connection, at most. */
const PREPARED = 200;

const INSERT_EVENTS = `INSERT INTO event_new (lane, n, at, events)
  SELECT lane, n, at, text FROM jsonb_to_recordset(?::jsonb) AS one
    (lane bigint, n integer, at bigint, text text)`;
const INSERT_COUNTS = `INSERT INTO counter (name, labels, value)
  SELECT one ->> 0, (one -> 1)::text, (one ->> 2)::double precision
  FROM jsonb_array_elements(?::jsonb) AS one`;
export const SEARCH_PATH = "SET LOCAL search_path = mailq, pg_temp";

const BREAKING = "(SELECT coalesce(max(version), 0) FROM migration WHERE breaking)";

/** How often a connection has run a statement: what comes again is kept prepared. */
const uses = new WeakMap<pg.PoolClient, Map<string, { count: number; readonly name: string }>>();

export class Transaction implements Write {
  readonly counts = new Counts();
  readonly #events = new NotedEvents();
  readonly tell = this.#events.note;

  constructor(
    readonly client: pg.PoolClient,
    readonly isPooled: boolean,
    readonly isLong = false,
  ) {}

  /** Resolves to the transaction's number, and to the newest step of the schema that breaks older
   *  programs, which stays that until the end of the transaction; `isFirst` = there may be no schema. */
  async begin(
    { isLossy, isFirst }: { readonly isLossy: boolean; readonly isFirst: boolean },
  ): Promise<{ readonly xid: string; readonly breaking: number }> {
    const lossy = isLossy ? "SET LOCAL synchronous_commit = off;" : "";
    const results: pg.QueryResult | pg.QueryResult[] = await this.client.query(
      `BEGIN; ${lossy} ${SEARCH_PATH}; SELECT pg_current_xact_id()::text AS xid, ` +
        `${isFirst ? "0" : BREAKING} AS breaking`,
    );
    const last = Array.isArray(results) ? results.at(-1) : results;
    const row = last?.rows?.[0];
    return { xid: String(row?.xid), breaking: Number(row?.breaking) };
  }

  async commit(): Promise<void> {
    const events = this.#events.take();
    const counts = this.counts.entries();
    await Promise.all([
      events.length === 0 ? 0 : this.run(INSERT_EVENTS, json(events)),
      counts.length === 0 ? 0 : this.run(INSERT_COUNTS, json(counts)),
    ]);
    await this.client.query("COMMIT");
  }

  /** Never throws: a connection that is lost has no transaction. */
  async rollBack(): Promise<void> {
    await this.client.query("ROLLBACK").catch(() => {});
  }

  async script(sql: string): Promise<void> {
    await this.client.query(sql);
  }

  async all(sql: string, ...values: Bound[]): Promise<Row[]> {
    return (await this.#query(sql, values)).rows;
  }

  async get(sql: string, ...values: Bound[]): Promise<Row | undefined> {
    return (await this.#query(sql, values)).rows[0];
  }

  async run(sql: string, ...values: Bound[]): Promise<number> {
    return (await this.#query(sql, values)).rowCount ?? 0;
  }

  #query(sql: string, values: readonly Bound[]): Promise<pg.QueryResult> {
    return this.client.query({
      text: numbered(sql),
      values: values.map(bound),
      ...this.#prepared(sql),
      ...(this.isLong ? { query_timeout: LONG_QUERY_MS } : {}),
    });
  }

  #prepared(sql: string): { readonly name?: string } {
    if (this.isPooled) return {};
    const known = uses.get(this.client) ?? new Map();
    uses.set(this.client, known);
    const use = known.get(sql);
    if (use === undefined) {
      if (known.size < PREPARED) known.set(sql, { count: 1, name: `m${known.size}` });
      return {};
    }
    return use.count++ < 3 ? {} : { name: use.name };
  }
}

/** A text as PostgreSQL takes it: it has no NUL. */
function clean<T extends string | null>(value: T): T {
  // What has no NUL is returned as it is, and so has its type.
  return (value?.includes("\0") ? value.replaceAll("\0", "\ufffd") : value) as T;
}

/** What is handed over as JSON: without NUL and without halves of characters, which it refuses. */
export function json(value: unknown): string {
  const text = JSON.stringify(value);
  if (!/\\u(0000|d[89a-f])/i.test(text)) return text;
  return JSON.stringify(
    value,
    (_, one: unknown) => typeof one === "string" ? clean(one.toWellFormed()) : one,
  );
}

function bound(value: Bound): unknown {
  return typeof value === "string" ? clean(value) : value;
}
