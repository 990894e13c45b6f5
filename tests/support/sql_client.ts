import assert from "node:assert/strict";
// @ts-types="../../src/store/postgres/db/pg.d.ts"
import pg from "pg";
import { takeInbox } from "../../src/app/inbox/take_in.ts";
import type { MessageDetail } from "../../src/queue/message.ts";
import { hexText } from "../../src/system/bytes.ts";
import { joinBytes } from "../../src/system/bytes.ts";
import { TestApp } from "./app.ts";
import { type PostgresServer, TEST_PASSWORD } from "./postgres_server.ts";
import { listed } from "./queue_messages.ts";
import { PostgresFixture } from "./queue_postgres.ts";

type Row = Record<string, unknown>;

/** A connection as an application has one. */
export class SqlClient implements AsyncDisposable {
  private constructor(readonly client: pg.Client) {}

  static async connect(
    { host }: Pick<PostgresServer, "host">,
    database: string,
    { user = "mailq", password = TEST_PASSWORD } = {},
  ): Promise<SqlClient> {
    const client = new pg.Client({ host, user, database, password });
    await client.connect();
    return new SqlClient(client);
  }

  async all(sql: string, ...values: unknown[]): Promise<Row[]> {
    return (await this.client.query({ text: sql, values })).rows;
  }

  /** The only value of the only row. */
  async one(sql: string, ...values: unknown[]): Promise<unknown> {
    const [row = {}] = await this.all(sql, ...values);
    return Object.values(row)[0];
  }

  /** Calls `mailq.enqueue` with named arguments; resolves to the id. */
  async enqueue(given: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const named = { recipients: "bo@example.org", ...given };
    const names = Object.keys(named).map((name, i) => `${name} => $${i + 1}`);
    return String(
      await this.one(`SELECT mailq.enqueue(${names.join(", ")})`, ...Object.values(named)),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.end();
  }
}

/** A queue on PostgreSQL, an application that is connected to its database, and what takes its mail
 *  in. */
export class SqlQueue implements AsyncDisposable {
  private constructor(
    readonly fixture: PostgresFixture,
    readonly app: TestApp,
    readonly sql: SqlClient,
  ) {}

  static async open(
    server: PostgresServer,
    settings: Parameters<typeof TestApp.make>[0] = {},
  ): Promise<SqlQueue> {
    const fixture = await PostgresFixture.open(server);
    const sql = await SqlClient.connect(server, fixture.name);
    return new SqlQueue(fixture, await TestApp.make({ hostname: "host.test", ...settings }), sql);
  }

  /** Makes a role that is gone with the queue; resolves to a connection of its own. */
  async as(user: string): Promise<SqlClient> {
    return await SqlClient.connect(this.fixture.server, this.fixture.name, { user });
  }

  async takeIn(): Promise<void> {
    await takeInbox(this.app, await this.app.settings("all"), this.fixture.store.inbox);
  }

  /** All messages of the queue, oldest first. */
  async messages(): Promise<MessageDetail[]> {
    const { store } = this.fixture;
    const ids = await listed(store, {}, { sort: "oldest" });
    return await Promise.all(ids.map(async (id) => {
      const message = await store.show(id);
      assert(message !== null);
      return message;
    }));
  }

  /** A message's bytes, one character each. */
  async bytes(id: string): Promise<string> {
    const message = await this.fixture.store.show(id);
    assert(message !== null, `${id} is not in the queue`);
    const parts = await Array.fromAsync(this.fixture.store.content(message.seq));
    return new TextDecoder("latin1").decode(joinBytes(parts));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sql[Symbol.asyncDispose]();
    await this.app[Symbol.asyncDispose]();
    await this.fixture[Symbol.asyncDispose]();
  }
}

/** A name for a role that no other test has. */
export function freshRole(): string {
  return `role_${hexText(crypto.getRandomValues(new Uint8Array(6)))}`;
}
