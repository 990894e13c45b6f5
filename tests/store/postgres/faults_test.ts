// What the database does to a store: connections that are killed, a server that is not there.
import assert from "node:assert/strict";
import { MailqError } from "../../../src/queue/errors.ts";
import { enqueued, listed, newMessage } from "../../support/queue_messages.ts";
import { postgresServer } from "../../support/postgres_server.ts";
import { openPostgres, PostgresFixture, withClient } from "../../support/queue_postgres.ts";

const server = await postgresServer();

if (server !== null) {
  Deno.test("PostgreSQL store: connections that are killed lose no mail and double none", async () => {
    await using fixture = await PostgresFixture.open(server);
    const { store } = fixture;
    const ids: string[] = [];
    let kills = 0;
    await withClient(server, "postgres", async (all) => {
      const kill = async (turns: number) => {
        for (let i = 0; i < turns; i++) await all("SELECT 1");
        const rows = await all(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${fixture.name}'`,
        );
        kills += rows.length;
      };
      // Each at another moment: before the first statement, between two, at the commit.
      for (let i = 0; i < 40; i++) {
        ids.push((await Promise.all([enqueued(store, { key: `k${i}` }), kill(i % 10)]))[0]);
      }
    });
    assert(kills > 0);
    assert.deepEqual((await listed(store, {}, { sort: "oldest" })).toSorted(), ids.toSorted());
  });

  Deno.test("PostgreSQL store: eight who enqueue the same keys at once store each once", async () => {
    await using fixture = await PostgresFixture.open(server);
    const stores = await Promise.all(Array.from({ length: 4 }, () => fixture.another()));
    const known = await Promise.all(
      [...stores, ...stores].map((store) =>
        store.enqueue(["a", "b", "c"].map((key) => newMessage({ key })))
      ),
    );
    const ids = (await listed(fixture.store)).toSorted();
    assert.equal(ids.length, 3);
    for (const one of known) assert.deepEqual(one.map(({ id }) => id).toSorted(), ids);
  });

  Deno.test("PostgreSQL store: a database that is not there is told in one line", async () => {
    await assert.rejects(
      openPostgres(`postgres://mailq@/nowhere?host=${server.host}`),
      (error) =>
        error instanceof MailqError && error.code === "config_invalid" &&
        error.message ===
          'Cannot use the queue postgres:///nowhere: database "nowhere" does not exist; ' +
            "make it (createdb) or name another",
    );
  });

  Deno.test("PostgreSQL store: a wrong password is told, and not shown", async () => {
    const password = Deno.env.get("MAILQ_QUEUE_PASSWORD") ?? "";
    await assert.rejects(
      openPostgres(`postgres://nobody@/postgres?host=${server.host}`),
      (error) => {
        assert(error instanceof MailqError);
        assert.equal(error.code, "permission");
        assert.match(error.message, /^Cannot log in to the queue postgres:\/\/\/postgres: /);
        return !error.message.includes(password);
      },
    );
  });
}
