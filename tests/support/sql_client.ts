import assert from "node:assert/strict";
// @ts-types="../../src/store/postgres/db/pg.d.ts"
import pg from "pg";
import { takeInbox } from "../../src/app/inbox/take_in.ts";
import type { MessageDetail } from "../../src/queue/message.ts";
import type { Right } from "../../src/store/right.ts";
import { grant } from "../../src/store/postgres/grant.ts";
import { hexText, joinBytes } from "../../src/system/bytes.ts";
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

  /** A role of its own, gone with what is returned, with a right in the queue. */
  async role(right: Right): Promise<TestRole> {
    const { server, queue } = this.fixture;
    const name = `odd "role ${hexText(crypto.getRandomValues(new Uint8Array(6)))}`;
    await this.sql.all(`CREATE ROLE ${quoted(name)} LOGIN PASSWORD '${TEST_PASSWORD}'`);
    await grant(queue, right, name);
    return new TestRole(this.sql, server.url(this.fixture.name, encodeURIComponent(name)), name);
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

/** A role of the database. */
export class TestRole implements AsyncDisposable {
  constructor(readonly owner: SqlClient, readonly url: string, readonly name: string) {}

  async connect({ fixture: { server, name } }: SqlQueue): Promise<SqlClient> {
    return await SqlClient.connect(server, name, { user: this.name });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.owner.all(`DROP OWNED BY ${quoted(this.name)}`);
    await this.owner.all(`DROP ROLE ${quoted(this.name)}`);
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
