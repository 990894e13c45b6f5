// What roles may do to whom the queue's owner has given a right.
import assert from "node:assert/strict";
import { MailqError } from "../../../src/queue/errors.ts";
import { grant, grantSql } from "../../../src/store/postgres/grant.ts";
import { enqueued, listed, newMessage } from "../../support/queue_messages.ts";
import { claimAll } from "../../contract/store/claims.ts";
import { openPostgres } from "../../support/queue_postgres.ts";
import { postgresServer } from "../../support/postgres_server.ts";
import { SqlQueue } from "../../support/sql_client.ts";

const server = await postgresServer();

function test(behaviour: string, run: (queue: SqlQueue) => Promise<void>): void {
  if (server === null) return;
  Deno.test(`grant: ${behaviour}`, async () => {
    await using queue = await SqlQueue.open(server);
    await run(queue);
  });
}

test("who may submit hands mail in, and no more", async (queue) => {
  await enqueued(queue.fixture.store);
  const foreign = await queue.sql.enqueue({ key: "k" });
  await using role = await queue.role("submit");
  await using sql = await role.connect(queue);
  const own = await sql.enqueue({ key: "k" });
  assert.notEqual(own, foreign, "its keys are its own");
  assert.equal(await sql.enqueue({ key: "k" }), own);
  assert.equal(await sql.one("SELECT mailq.cancel($1)", foreign), false);
  for (
    const denied of [
      "TABLE mailq.messages",
      "TABLE mailq.inbox",
      "SELECT mailq.put_in_inbox('{}', NULL, NULL)",
      "SELECT mailq.wake('')",
      "CREATE TABLE mailq.mine ()",
    ]
  ) await assert.rejects(sql.all(denied), /permission denied/);
  await queue.takeIn();
  const [, , mine] = await queue.messages();
  assert.deepEqual([mine?.id, mine?.submitter, mine?.key], [own, role.name, `${role.name}:k`]);
  assert.equal(await sql.one("SELECT mailq.cancel($1)", own), true);
});

test("who may read sees everything, searches and events too, and changes nothing", async (queue) => {
  const { store } = queue.fixture;
  const id = await enqueued(store, { recipients: ["findme@example.org"] });
  await using role = await queue.role("read");
  const reader = await openPostgres(role.url);
  try {
    assert.deepEqual(await listed(reader, { search: "findme" }), [id]);
    assert.equal((await reader.eventsAfter(0)).events.length, 1);
    assert.equal((await reader.status()).queued, 1);
    assert.equal((await reader.show(id))?.id, id);
    assert.equal(await reader.nextDueAt(0), null);
    await reader.figures();
    await reader.changed(AbortSignal.abort());
    for (
      const denied of [
        () => reader.cancel({}),
        () => reader.enqueue([newMessage()]),
        () => reader.pause(),
        () => reader.takeHook("x"),
      ]
    ) {
      await assert.rejects(
        denied(),
        (error) => error instanceof MailqError && error.code === "permission",
      );
    }
  } finally {
    await reader.close();
  }
  await using sql = await role.connect(queue);
  assert.equal(await sql.one("SELECT id FROM mailq.messages"), id);
  await assert.rejects(sql.enqueue(), /permission denied/);
  await assert.rejects(sql.all("DELETE FROM mailq.event"), /permission denied/);
});

test("who may operate does all but change the schema", async (queue) => {
  await using role = await queue.role("operate");
  const operator = await openPostgres(role.url);
  try {
    const worker = await operator.registerWorker("test");
    const id = await enqueued(operator);
    await queue.sql.enqueue();
    assert.equal((await operator.inbox.takeIn(() => Promise.resolve(newMessage()))).length, 1);
    const { claims } = await claimAll(operator, worker);
    assert.deepEqual(claims.map((claim) => claim.id)[0], id);
    await worker.close();
    await operator.hold({});
    await operator.purge({}, { finalBefore: null, includeOpen: true });
    await operator.purgeEvents(Infinity, 1);
  } finally {
    await operator.close();
  }
  await using sql = await role.connect(queue);
  await assert.rejects(sql.all("INSERT INTO mailq.migration VALUES (99, true)"), /denied/);
  await assert.rejects(sql.all("DROP TABLE mailq.message"), /must be owner/);
});

test("a right takes the place of the one before, and none is none", async (queue) => {
  const { fixture } = queue;
  await using role = await queue.role("operate");
  await grant(fixture.queue, "submit", role.name);
  await using sql = await role.connect(queue);
  await sql.enqueue();
  await assert.rejects(sql.all("TABLE mailq.messages"), /permission denied/);
  await grant(fixture.queue, "none", role.name);
  await assert.rejects(sql.enqueue(), /permission denied for schema mailq/);
  // What the owner makes later comes under it.
  await grant(fixture.queue, "read", role.name);
  await queue.sql.all("CREATE TABLE mailq.later ()");
  await sql.all("TABLE mailq.later");
  await queue.sql.all("DROP TABLE mailq.later");
});

test("the SQL for the owner does the same", async (queue) => {
  await using role = await queue.role("none");
  await queue.sql.all(await grantSql(queue.fixture.queue, "submit", role.name));
  await using sql = await role.connect(queue);
  await sql.enqueue();
});

test("only the owner gives rights, to roles that are there", async (queue) => {
  await using role = await queue.role("operate");
  const says = (right: Promise<void>, expected: RegExp) =>
    assert.rejects(right, (error) => error instanceof MailqError && expected.test(error.message));
  await says(grant(role.url, "submit", role.name), /only its owner mailq can; log in as that, or/);
  await says(grant(queue.fixture.queue, "read", "nobody"), /the database has no such role/);
  await says(grant(queue.fixture.queue, "read", "mailq"), /it owns the queue/);
});
