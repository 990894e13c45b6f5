// Mail from SQL: what the functions put into the inbox, and what becomes of it.
import assert from "node:assert/strict";
import { collect, feed, startChild } from "../../support/child.ts";
import { postgresServer, TEST_PASSWORD } from "../../support/postgres_server.ts";
import { SqlClient, SqlQueue } from "../../support/sql_client.ts";

const server = await postgresServer();

function test(behaviour: string, run: (queue: SqlQueue) => Promise<void>): void {
  if (server === null) return;
  Deno.test(`mail from SQL: ${behaviour}`, async () => {
    await using queue = await SqlQueue.open(server);
    await run(queue);
  });
}

/** A psql that is fed line by line. */
function psql({ fixture }: SqlQueue): Deno.ChildProcess {
  const { server: { host }, name } = fixture;
  return startChild(["psql", "-qAtX", "-h", host, "-U", "mailq", name], {
    stdin: "",
    env: { PGPASSWORD: TEST_PASSWORD },
  });
}

const waiting = ({ sql }: SqlQueue) => sql.one("SELECT count(*)::int FROM mailq.inbox");

test("it is composed and queued as a JSON line is", async (queue) => {
  const { sql, app } = queue;
  const id = await sql.enqueue({
    recipients: "Ann <ann@example.org>, bo@example.org",
    cc: "cy@example.org",
    bcc: "di@example.org",
    subject: "Rechnung für März",
    text: "Dear Ann",
    sender: "Billing <billing@example.org>",
    reply_to: "help@example.org",
    headers: { "X-Ticket": "4711" },
    send_at: new Date("2100-01-01T00:00:00Z"),
    priority: "High",
    key: "invoice-4711",
    tags: ["invoice", "march"],
  });
  const enqueuedAt = Number(await sql.one("SELECT at FROM mailq.inbox"));
  assert.deepEqual((await queue.fixture.store.status()).inbox, {
    waiting: 1,
    oldestAt: enqueuedAt,
    refused: 0,
  });
  await queue.takeIn();
  const [message] = await queue.messages();
  assert(message !== undefined);
  assert.deepEqual(
    [message.id, message.sender, message.priority, message.key, message.submitter, message.tags],
    [id, "billing@example.org", "high", "invoice-4711", "mailq", ["invoice", "march"]],
  );
  assert.deepEqual(
    message.recipients.map(({ address }) => address),
    ["ann@example.org", "bo@example.org", "cy@example.org", "di@example.org"],
  );
  assert.equal(message.sendAt, Date.parse("2100-01-01T00:00:00Z"));
  assert.equal(message.createdAt, enqueuedAt);
  const bytes = await queue.bytes(id);
  assert.match(bytes, new RegExp(`^Message-ID: <${id}\\.[0-9a-f]+@host\\.test>\r$`, "m"));
  assert.match(bytes, /^From: Billing <billing@example\.org>\r$/m);
  assert.match(bytes, /^X-Ticket: 4711\r$/m);
  assert.doesNotMatch(bytes, /di@example/);
  assert.equal(message.subject, "Rechnung für März");
  assert.deepEqual(app.events, [
    { type: "message.enqueued", ids: [id], submitter: "mailq", way: "sql", client: null },
  ]);
  assert.equal(await waiting(queue), 0);
});

test("the bytes of enqueue_raw are kept", async (queue) => {
  const raw = "Date: x\r\nMessage-ID: <a@b>\r\nTo: ann@example.org\r\n\r\n.dot\r\n\xe4\x00\r\n";
  const bytes = Uint8Array.from(raw, (one) => one.charCodeAt(0));
  const call = "SELECT mailq.enqueue_raw(message => $1, recipients => $2, sender => $3)";
  const id = await queue.sql.one(call, bytes, "bo@example.org", "<>");
  const byHeader = await queue.sql.one("SELECT mailq.enqueue_raw($1)", bytes);
  await queue.takeIn();
  assert.equal(await queue.bytes(String(id)), raw);
  const [first, second] = await queue.messages();
  assert.deepEqual([first?.sender, first?.firstRecipient], ["", "bo@example.org"]);
  assert.deepEqual([second?.id, second?.firstRecipient], [byHeader, "ann@example.org"]);
});

test("a large message goes in whole", async (queue) => {
  const raw = `To: ann@example.org\r\nDate: x\r\nMessage-ID: <a@b>\r\n\r\n${
    "0123456789\r\n".repeat(400_000)
  }`;
  const id = await queue.sql.one("SELECT mailq.enqueue_raw($1)", new TextEncoder().encode(raw));
  await queue.takeIn();
  assert.equal(await queue.bytes(String(id)), raw);
});

test("what is rolled back never was, what is committed is there at once", async (queue) => {
  const { fixture: { server: { host }, name } } = queue;
  await using app = await SqlClient.connect({ host }, name);
  await app.all("BEGIN");
  await app.enqueue();
  await queue.takeIn();
  await app.all("ROLLBACK");
  assert.equal(await waiting(queue), 0);
  await app.all("BEGIN");
  const id = await app.enqueue();
  assert.equal(await waiting(queue), 0, "nobody sees it before the commit");
  await app.all("COMMIT");
  await queue.takeIn();
  assert.deepEqual((await queue.messages()).map((one) => one.id), [id]);
});

test("of a psql that is killed within its transaction nothing stays", async (queue) => {
  const child = psql(queue);
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(
    "BEGIN;\nSELECT mailq.enqueue('bo@example.org', key => 'k');\n",
  ));
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  assert.match(new TextDecoder().decode(value), /^[0-9a-z]{12}\n$/);
  // Another with the key waits for what becomes of the first.
  const second = queue.sql.enqueue({ key: "k" });
  child.kill("SIGKILL");
  await child.status;
  await reader.cancel();
  await child.stderr.cancel();
  await writer.abort().catch(() => {});
  const id = await second;
  await queue.takeIn();
  assert.deepEqual((await queue.messages()).map((one) => one.id), [id]);
});

test("a psql that fails within its transaction has queued nothing", async (queue) => {
  const child = psql(queue);
  const ended = collect(child);
  await feed(child, "BEGIN; SELECT mailq.enqueue('bo@example.org'); SELECT 1/0; COMMIT;\n");
  assert.match((await ended).stderr, /division by zero/);
  assert.equal(await waiting(queue), 0);
});

test("a known key gives the first id, in the inbox, in the queue and to many at once", async (queue) => {
  const { sql, fixture: { server: { host }, name } } = queue;
  const id = await sql.enqueue({ key: "k" });
  assert.equal(await sql.enqueue({ key: "k" }), id);
  await queue.takeIn();
  assert.equal(await sql.enqueue({ key: "k" }), id);
  const clients = await Promise.all(
    Array.from({ length: 8 }, () => SqlClient.connect({ host }, name)),
  );
  const taking = (async () => {
    for (let i = 0; i < 20; i++) await queue.takeIn();
  })();
  for (let round = 0; round < 10; round++) {
    const ids = await Promise.all(clients.map((one) => one.enqueue({ key: `many ${round}` })));
    assert.equal(new Set(ids).size, 1);
  }
  await taking;
  for (const one of clients) await one[Symbol.asyncDispose]();
  await queue.takeIn();
  assert.equal((await queue.messages()).length, 11);
  assert.deepEqual(queue.app.told, []);
});

test("a key that a snapshot could not know is told, and sent once", async (queue) => {
  const { sql, fixture: { server: { host }, name } } = queue;
  await using other = await SqlClient.connect({ host }, name);
  await other.all("BEGIN ISOLATION LEVEL REPEATABLE READ");
  await other.all("SELECT 1 FROM mailq.message");
  const first = await sql.enqueue({ key: "k" });
  await queue.takeIn();
  const second = await other.enqueue({ key: "k" });
  await other.all("COMMIT");
  await queue.takeIn();
  assert.deepEqual((await queue.messages()).map(({ id }) => id), [first]);
  assert.deepEqual(queue.app.told, [
    `note: ${second} from SQL is in the queue already, as ${first}`,
  ]);
});

test("what can be told cheaply is refused at once", async (queue) => {
  const refused: readonly (readonly [Record<string, unknown>, RegExp])[] = [
    [{ recipients: " " }, /^recipients: expected an address in recipients, cc or bcc$/],
    [{ recipients: "a@b.test\r\nBcc: c@d.test" }, /^recipients: Cannot use "a@b\.test\\r\\nBcc/],
    [{ sender: "a@b.test\nX: y" }, /^sender: /],
    [{ subject: "a\nb" }, /^subject: /],
    [{ reply_to: "a\rb" }, /^reply_to: /],
    [{ headers: { "X-A": "b\nBcc: c@d.test" } }, /^headers: /],
    [{ headers: { "X-A": ["b", "c\r"] } }, /^headers: /],
    [{ headers: "[1]" }, /^headers: expected a JSON object$/],
    [{ attachments: '[{"name":"x","path":"/etc/passwd"}]' }, /^attachments: expected objects/],
    [{ attachments: '["/etc/passwd"]' }, /^attachments: expected objects with name and base64$/],
    [{ attachments: "{}" }, /^attachments: expected a JSON list$/],
    [{ send_at: "infinity" }, /^send_at: Cannot use infinity: expected a time/],
    [{ expires_in: "-1 d" }, /^expires_in: Cannot use -1 days: expected at least a second$/],
    [{ priority: "urgent" }, /^priority: Cannot use "urgent": expected one of now, high, normal/],
    [{ key: "" }, /^key: Cannot use an empty key$/],
    [{ key: "a\nb" }, /^key: Cannot use "a\\nb"/],
    [{ tags: ["a", " "] }, /^tags: Cannot use an empty tag$/],
  ];
  for (const [given, says] of refused) {
    await assert.rejects(queue.sql.enqueue(given), (error: Error & { code?: string }) => {
      assert.equal(error.code, "22023");
      assert.match(error.message, says);
      return true;
    });
  }
  const raw = "SELECT mailq.enqueue_raw($1, $2)";
  await assert.rejects(
    queue.sql.one(raw, null, "a@b.test"),
    /^error: message: Cannot queue nothing/,
  );
  await assert.rejects(
    queue.sql.one(raw, new Uint8Array([65]), ""),
    /^error: recipients: expected/,
  );
  assert.equal(await waiting(queue), 0);
});

test("more than 64 MB are refused at once", async ({ sql }) => {
  await assert.rejects(
    sql.one("SELECT mailq.enqueue_raw(decode(repeat('00', 67108865), 'hex'))"),
    /^error: message: Cannot queue \d+ bytes by SQL: expected at most 67108864$/,
  );
});

test("what cannot be taken in is kept with the reason, told, and in nobody's way", async (queue) => {
  const { sql, app, fixture: { store } } = queue;
  const bad = await sql.enqueue({ recipients: "root", key: "k" });
  const good = await sql.enqueue();
  await queue.takeIn();
  assert.deepEqual((await queue.messages()).map(({ id }) => id), [good]);
  const reason = 'to: Cannot use "root": expected a domain, as in name@example.org';
  assert.deepEqual(
    await sql.all("SELECT id, submitter, key, line, reason FROM mailq.refused"),
    [{ id: bad, submitter: "mailq", key: "k", line: { to: "root" }, reason }],
  );
  assert.deepEqual(await sql.all("SELECT id, state, reply FROM mailq.problems"), [
    { id: bad, state: "refused", reply: reason },
  ]);
  assert.deepEqual(app.told, [
    `note: refused mail from SQL (${bad} of mailq, now in mailq.refused): ${reason}`,
  ]);
  assert.equal((await store.status()).inbox?.refused, 1);
  assert.equal((await store.healthFigures(0)).failed, 1);
  const { events } = await store.eventsAfter(0, { types: ["message.refused"] });
  assert.deepEqual(events.map(({ fields }) => fields), [
    { id: bad, submitter: "mailq", key: "k", reason },
  ]);
  // Put right, it comes again.
  assert.notEqual(await sql.enqueue({ key: "k" }), bad);
});

test("a row that no queue can hold holds up no other", async (queue) => {
  const { sql } = queue;
  const taken = await sql.enqueue();
  await queue.takeIn();
  const before = await sql.enqueue();
  await sql.all(
    `INSERT INTO mailq.inbox (id, at, submitter, line, size)
     VALUES ($1, 1, 'mailq', '{"to": "a@b.test"}', 1)`,
    taken,
  );
  const after = await sql.enqueue();
  await queue.takeIn();
  assert.deepEqual((await queue.messages()).map(({ id }) => id), [taken, before, after]);
  assert.match(String(await sql.one("SELECT reason FROM mailq.refused")), /message_id_once/);
});

test("no argument gets out of its place", async (queue) => {
  const { sql } = queue;
  const hostile = [
    `'; DROP TABLE mailq.inbox; --`,
    `$$ || (SELECT pg_sleep(60)) || $$`,
    `\\'; SELECT 1; --`,
    `", "raw": "From: x`,
    `"}, "bcc": "thief@example.org`,
    `x\u2028Bcc: thief@example.org`,
    "=?utf-8?q?=0ABcc:_thief@example.org?=",
  ];
  const texts = ["recipients", "subject", "text", "html", "sender", "cc", "bcc", "reply_to"];
  const toBo = new Set<string>();
  for (const bad of hostile) {
    const all: Record<string, unknown>[] = [
      ...texts.map((name) => ({ [name]: bad })),
      { headers: { "X-A": bad } },
      { headers: { [bad]: "a" } },
      { attachments: JSON.stringify([{ name: bad, type: bad, cid: bad, base64: "aGk=" }]) },
      { attachments: JSON.stringify([{ name: "a", base64: bad }]) },
      { priority: bad },
      { key: bad },
      { tags: [bad] },
    ];
    for (const given of all) {
      // Also for clients of before 9.1, to whom a backslash in a text meant something.
      for (const conforming of ["on", "off"]) {
        await sql.all(`SET standard_conforming_strings = ${conforming}`);
        await sql.enqueue({ text: "Hi", ...given }).then(
          // Whoever writes an address into a list of recipients gets it there.
          (id) => ["recipients", "cc", "bcc"].some((name) => name in given) || toBo.add(id),
          (error) => assert.equal(error.code, "22023", error.message),
        );
      }
    }
    for (const name of ["send_at", "expires_in", "hold", "headers", "attachments"]) {
      await assert.rejects(sql.enqueue({ [name]: bad }), /invalid|out of range/i);
    }
  }
  await queue.takeIn();
  const messages = await queue.messages();
  assert.ok(messages.length > 50, `only ${messages.length} were taken in`);
  for (const { id, recipients } of messages) {
    const bytes = await queue.bytes(id);
    const [header = ""] = bytes.split("\r\n\r\n", 1);
    assert.doesNotMatch(header, /^bcc:/im);
    const addresses = recipients.map(({ address }) => address);
    if (toBo.has(id)) assert.deepEqual(addresses, ["bo@example.org"]);
  }
  // All that stands where it was, and what was refused is there as well.
  assert.ok(Number(await sql.one("SELECT count(*) FROM mailq.refused")) > 0);
  assert.equal(await waiting(queue), 0);
});

test("nothing of the caller's session stands in for what the functions use", async (queue) => {
  const { sql } = queue;
  await sql.all(`CREATE SCHEMA evil;
    CREATE TABLE evil.inbox (LIKE mailq.inbox INCLUDING ALL);
    CREATE FUNCTION evil.put_in_inbox(jsonb, bytea, text) RETURNS text LANGUAGE sql
      RETURN 'evil';
    CREATE FUNCTION evil.lower(text) RETURNS text LANGUAGE sql RETURN 'now';
    CREATE TEMP TABLE message (id text, key text);
    INSERT INTO message VALUES ('evil', 'k');
    SET search_path = evil, pg_temp, mailq, pg_catalog;
    SET DateStyle = 'SQL, DMY'; SET IntervalStyle = 'sql_standard'; SET TimeZone = 'Asia/Tokyo'`);
  const id = await sql.enqueue({
    key: "k",
    priority: "low",
    send_at: "2100-01-01 09:00:00+09",
    expires_in: "60 days",
  });
  assert.equal(await waiting(queue), 1);
  await queue.takeIn();
  const [message] = await queue.messages();
  assert.deepEqual(
    [message?.id, message?.priority, message?.sendAt],
    [id, "low", Date.parse("2100-01-01T00:00:00Z")],
  );
  assert.equal((message?.expiresAt ?? 0) - (message?.sendAt ?? 0), 60 * 24 * 3_600_000);
  await sql.all("DROP SCHEMA evil CASCADE; DROP TABLE pg_temp.message");
});

test("cancel takes mail back wherever it is, within the transaction", async (queue) => {
  const { sql, fixture: { store } } = queue;
  const inInbox = await sql.enqueue();
  assert.equal(await sql.one("SELECT mailq.cancel($1)", inInbox), true);
  assert.equal(await sql.one("SELECT mailq.cancel($1)", inInbox), false);
  const queued = await sql.enqueue({ cc: "second@example.org" });
  const kept = await sql.enqueue();
  await queue.takeIn();
  await sql.all("BEGIN");
  assert.equal(await sql.one("SELECT mailq.cancel($1)", kept), true);
  await sql.all("ROLLBACK");
  assert.equal(await sql.one("SELECT mailq.cancel($1)", queued), true);
  assert.equal(await sql.one("SELECT mailq.cancel($1)", queued), false);
  assert.equal(await sql.one("SELECT mailq.cancel('nosuchid')"), false);
  const messages = await queue.messages();
  assert.deepEqual(
    messages.map(({ id, status, recipients }) => [id, status, recipients.map((one) => one.state)]),
    [[queued, "cancelled", ["cancelled", "cancelled"]], [kept, "queued", ["queued"]]],
  );
  const { events } = await store.eventsAfter(0, { types: ["message.cancelled"] });
  assert.deepEqual(events.map(({ fields }) => fields), [{ id: queued, recipients: 2 }]);
  const { counts } = await store.figures();
  assert.deepEqual(
    counts.filter(({ labels }) => labels.includes("cancelled")).map(({ value }) => value),
    [2],
  );
});

test("the views tell what there is", async (queue) => {
  const { sql } = queue;
  const id = await sql.enqueue({ subject: "One", tags: ["a"], priority: "low" });
  const incoming = await sql.all("SELECT id, status, subject, tags, priority FROM mailq.messages");
  assert.deepEqual(incoming, [
    { id, status: "incoming", subject: "One", tags: ["a"], priority: "low" },
  ]);
  await queue.takeIn();
  assert.deepEqual(
    await sql.all(`SELECT id, status, subject, tags, priority, submitter, recipients::int,
      open::int, created_at <= now() AS is_past FROM mailq.messages`),
    [{
      id,
      status: "queued",
      subject: "One",
      tags: ["a"],
      priority: "low",
      submitter: "mailq",
      recipients: 1,
      open: 1,
      is_past: true,
    }],
  );
  assert.deepEqual(await sql.all("SELECT id, address, state FROM mailq.recipients"), [
    { id, address: "bo@example.org", state: "queued" },
  ]);
});
