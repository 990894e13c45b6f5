import assert from "node:assert/strict";
import { mail } from "../../support/mailq.ts";
import { newMessage } from "../../support/queue_messages.ts";
import { SmtpServer } from "../../support/smtp_server.ts";
import { Running } from "../support/running.ts";
import {
  drop,
  dropBytes,
  dropOf,
  dropsOf,
  leftIn,
  makeSystemQueue,
  NOTHING_LEFT,
} from "../support/system_queue.ts";

const contentOf = (text: string) => new TextEncoder().encode(text);

Deno.test("drop: send takes it in with all it says, and removes it", async () => {
  await using server = new SmtpServer();
  await using mailq = await makeSystemQueue({ MAILQ_TRANSPORT: server.url });
  const content = contentOf("Subject: dropped\r\n\r\n.dots\r\n");
  const message = newMessage({
    recipients: ["ann@example.com", "bob@example.org"],
    tags: ["one", "two"],
    content,
  });
  await drop(mailq, message, newMessage({ isHeld: true }), newMessage({ sendAt: 4e12 }));
  assert.deepEqual((await mailq.json(["list"])).length, 0, "it is not there yet");
  assert.match(await mailq.ok(["status"]), /^dropped +1, to be taken in/m);
  await mailq.ok(["send"]);
  assert.deepEqual(leftIn(mailq), NOTHING_LEFT);
  const [shown] = await mailq.json(["show", message.id]);
  assert.equal(shown.status, "sent");
  assert.equal(shown.subject, "dropped");
  assert.deepEqual(shown.tags, ["one", "two"]);
  assert.equal(typeof shown.submitter, "string");
  assert.match(await mailq.ok(["show", message.id]), /^submitter {3}\S+$/m);
  const list = await mailq.json(["list", "--sort", "oldest"]);
  assert.deepEqual(list.map(({ status }) => status), ["sent", "held", "queued"]);
  assert.deepEqual(server.messages.map(({ data }) => data), [content]);
});

Deno.test("drop: --dry-run leaves it where it is", async () => {
  await using mailq = await makeSystemQueue();
  await drop(mailq, newMessage());
  await mailq.ok(["send", "--dry-run"]);
  assert.equal(leftIn(mailq).dropped.length, 1);
  assert.equal((await mailq.json(["list"])).length, 0);
});

Deno.test("drop: run --once takes it in and sends it", async () => {
  await using mailq = await makeSystemQueue();
  await drop(mailq, newMessage());
  await mailq.ok(["run", "--once"]);
  assert.deepEqual(await mailq.statuses(), { hello: "sent" });
});

Deno.test("drop: the service is woken by it within a second", async () => {
  await using server = new SmtpServer();
  await using mailq = await makeSystemQueue({
    MAILQ_TRANSPORT: server.url,
    MAILQ_INTERVAL: "1h",
  });
  // One that was there before the service, and one that comes while it waits.
  await drop(mailq, newMessage());
  await using run = await Running.service(mailq);
  await run.meanwhile(server.received(1));
  await run.said(/ sent to=<ann@example.com> /);
  const droppedAt = Date.now();
  await drop(mailq, newMessage());
  await run.meanwhile(server.received(2));
  const tookMs = (server.messages[1]?.at ?? Infinity) - droppedAt;
  assert.ok(tookMs < 1_500, `it took ${tookMs} ms`);
  await run.stop();
  assert.deepEqual(leftIn(mailq), NOTHING_LEFT);
});

Deno.test("drop: the service goes on after a bad one", async () => {
  await using server = new SmtpServer();
  await using mailq = await makeSystemQueue({ MAILQ_TRANSPORT: server.url, MAILQ_INTERVAL: "1h" });
  await using run = await Running.service(mailq);
  const name = await dropBytes(mailq, "garbage");
  await run.said(new RegExp(`refused a drop .*${name}`));
  await drop(mailq, newMessage());
  await run.meanwhile(server.received(1));
  await run.stop();
  assert.deepEqual(leftIn(mailq), { ...NOTHING_LEFT, refused: [name] });
});

Deno.test("drop: a crash between commit and removal queues nothing twice", async () => {
  await using mailq = await makeSystemQueue();
  await drop(mailq, newMessage(), newMessage());
  const [name = ""] = leftIn(mailq).dropped;
  const bytes = await Deno.readFile(`${dropsOf(mailq)}/${name}`);
  await mailq.ok(["send"]);
  assert.equal((await mailq.json(["list"])).length, 2);
  // As it stands after the crash: taken, or, if the move was lost too, where it was dropped.
  await Deno.writeFile(`${dropsOf(mailq)}/taken/${name}`, bytes);
  const { stderr } = await mailq.run(["send"]);
  assert.equal(stderr, "", "nothing for cron to mail");
  await Deno.writeFile(`${dropsOf(mailq)}/${name}`, bytes);
  await mailq.ok(["send"]);
  assert.equal((await mailq.json(["list"])).length, 2);
  assert.deepEqual(leftIn(mailq), NOTHING_LEFT);
});

Deno.test("drop: what a process that died had taken is taken in by the next one", async () => {
  await using mailq = await makeSystemQueue();
  await drop(mailq, newMessage());
  const [name = ""] = leftIn(mailq).dropped;
  await Deno.rename(`${dropsOf(mailq)}/${name}`, `${dropsOf(mailq)}/taken/${name}`);
  await mailq.ok(["send"]);
  assert.deepEqual(await mailq.statuses(), { hello: "sent" });
  assert.deepEqual(leftIn(mailq), NOTHING_LEFT);
});

Deno.test("drop: large messages and many take the same way", async () => {
  await using server = new SmtpServer();
  await using mailq = await makeSystemQueue({ MAILQ_TRANSPORT: server.url });
  const large = contentOf("Subject: large\r\n\r\n" + "x".repeat(70).concat("\r\n").repeat(50_000));
  await drop(mailq, newMessage(), newMessage({ content: large }), newMessage());
  const many = Array.from({ length: 2_500 }, () => newMessage({ sendAt: 4e12 }));
  await drop(mailq, ...many);
  await mailq.ok(["send"]);
  assert.equal((await mailq.json(["list", "--limit", "0"])).length, 2_503);
  const sizes = server.messages.map(({ data }) => data.length).sort((a, b) => a - b);
  assert.equal(sizes.length, 3);
  assert.equal(sizes[2], large.length);
  assert.deepEqual(leftIn(mailq), NOTHING_LEFT);
});

Deno.test("drop: one bad message keeps its batch out, and nothing else", async () => {
  await using mailq = await makeSystemQueue();
  const big = contentOf("Subject: big\r\n\r\n" + "x".repeat(2_000_000) + "\r\n");
  await drop(mailq, newMessage({ content: big }), newMessage({ recipients: ["nobody"] }));
  const good = newMessage();
  await drop(mailq, good);
  const { code, stderr } = await mailq.run(["send"]);
  assert.equal(code, 0);
  assert.match(
    stderr,
    /^mailq: refused a drop \(of \S+, now "[^"]+"\): Cannot use "nobody"[^\n]+\n$/,
  );
  assert.deepEqual((await mailq.json(["list"])).map(({ id }) => id), [good.id]);
  assert.equal(leftIn(mailq).refused.length, 1);
  assert.equal((await mailq.run(["send"])).stderr, "", "it is told once");
});

Deno.test("drop: a key counts for its user alone, and the first one wins", async () => {
  await using mailq = await makeSystemQueue();
  const mine = await mailq.enqueue(mail({ subject: "mine" }), "--key", "invoice-1");
  await drop(mailq, newMessage({ key: "invoice-1" }));
  await drop(mailq, newMessage({ key: "invoice-1" }));
  await mailq.ok(["send"]);
  const list = await mailq.json(["list", "--sort", "oldest"]);
  assert.equal(list.length, 2);
  assert.deepEqual([list[0].id, list[0].key], [mine, "invoice-1"]);
  assert.match(list[1].key, /^[^:]+:invoice-1$/);
  assert.deepEqual(leftIn(mailq), NOTHING_LEFT);
});

Deno.test("drop: now goes first", async () => {
  await using server = new SmtpServer();
  await using mailq = await makeSystemQueue({
    MAILQ_TRANSPORT: server.url,
    MAILQ_CONCURRENCY: "1",
  });
  await drop(mailq, newMessage({ recipients: ["second@example.com"] }));
  await drop(mailq, newMessage({ recipients: ["first@example.com"], priority: "now" }));
  await mailq.ok(["send"]);
  assert.deepEqual(server.messages.map(({ to }) => to[0]), [
    "first@example.com",
    "second@example.com",
  ]);
});

Deno.test("drop: none is older than its file, whatever it says", async () => {
  await using mailq = await makeSystemQueue();
  await mailq.ok(["pause"]);
  const before = Date.now();
  await drop(mailq, newMessage({ createdAt: 1 }));
  await mailq.ok(["send"]);
  const [{ created_at }] = await mailq.json(["list"]);
  assert(Date.parse(created_at) >= before - 1_000, created_at);
});

Deno.test("drop: force_from, redirect_to and max_size hold for those who pass them over", async () => {
  await using mailq = await makeSystemQueue({
    MAILQ_FORCE_FROM: "cron@example.org",
    MAILQ_REDIRECT_TO: "test@example.org",
    MAILQ_MAX_SIZE: "1KB",
  });
  const { id } = newMessage();
  await drop(mailq, newMessage({ id }));
  await drop(mailq, newMessage({ content: new Uint8Array(1_025).fill(65) }));
  const { stderr } = await mailq.run(["send"]);
  assert.match(stderr, /max_size is 1024 bytes/);
  const list = await mailq.json(["list"]);
  assert.equal(list.length, 1);
  const [shown] = await mailq.json(["show", id]);
  assert.equal(shown.sender, "cron@example.org");
  assert.deepEqual(shown.recipients.map(({ address }: { address: string }) => address), [
    "test@example.org",
  ]);
  assert.match(
    await mailq.ok(["show", id, "--raw"]),
    /^X-Mail-Queue-Original-To: ann@example.com\r\n/,
  );
});

Deno.test("drop: suppressed recipients get none", async () => {
  await using mailq = await makeSystemQueue();
  await mailq.ok(["suppress", "add", "ann@example.com"]);
  await drop(mailq, newMessage());
  await mailq.ok(["send"]);
  assert.deepEqual(await mailq.statuses(), { hello: "suppressed" });
});

const LIES: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  ["a line end in a recipient", { recipients: ["a@b.test\r\nRCPT TO:<c@d.test>"] }],
  ["two recipients in one", { recipients: ["a@b.test, c@d.test"] }],
  ["a bad sender", { sender: "a b" }],
  ["a submitter of its own", { submitter: "root" }],
  ["a message it replaces", { replaces: "0123456789ab" }],
  ["an id that is none", { id: "../../etc/x" }],
  ["a time that is none", { created_at: "now" }],
];

for (const [what, changes] of LIES) {
  Deno.test(`drop: ${what} is refused in one line`, async () => {
    await using mailq = await makeSystemQueue();
    const name = await dropBytes(mailq, dropOf(newMessage(), changes));
    const { code, stderr } = await mailq.run(["send"]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^mailq: refused a drop [^\n]+\n$/);
    assert.deepEqual(leftIn(mailq), { ...NOTHING_LEFT, refused: [name] });
    assert.deepEqual(await mailq.json(["list"]), []);
  });
}

Deno.test("drop: one id twice in a batch is refused", async () => {
  await using mailq = await makeSystemQueue();
  const message = newMessage();
  await drop(mailq, message, newMessage(), message);
  assert.match((await mailq.run(["send"])).stderr, /two messages of it have the id/);
  assert.deepEqual(await mailq.json(["list"]), []);
});

Deno.test("drop: who knows the id of another's message changes nothing about it", async () => {
  await using mailq = await makeSystemQueue({ MAILQ_TRANSPORT: "null:" });
  const id = await mailq.enqueue(mail({ subject: "mine" }));
  await drop(mailq, newMessage({ id, display: { ...newMessage().display, subject: "his" } }));
  await mailq.ok(["send"]);
  assert.deepEqual(await mailq.statuses(), { mine: "sent" });
});

Deno.test("drop: many bad ones make few lines", async () => {
  await using mailq = await makeSystemQueue();
  for (let n = 0; n < 30; n++) await dropBytes(mailq, `garbage ${n}`);
  const { stderr } = await mailq.run(["send"]);
  assert.equal(stderr.trimEnd().split("\n").length, 11, stderr);
  assert.match(stderr, /refused 20 more drops\n$/);
  assert.equal(leftIn(mailq).refused.length, 30);
});

Deno.test("drop: names of a terminal's commands are told harmlessly", async () => {
  await using mailq = await makeSystemQueue();
  await Deno.writeTextFile(`${dropsOf(mailq)}/\x1b[2J\nmailq: all is well`, "");
  const { stderr } = await mailq.run(["send"]);
  assert.match(stderr, /^mailq: refused a drop [^\n]+\n$/);
  assert.ok(!stderr.includes("\x1b"));
});

Deno.test("drop: passes that are killed while they take in lose none and double none", async () => {
  await using mailq = await makeSystemQueue();
  const ids: string[] = [];
  for (let n = 0; n < 40; n++) {
    const batch = [newMessage({ isHeld: true }), newMessage({ isHeld: true })];
    ids.push(...batch.map(({ id }) => id));
    await drop(mailq, ...batch);
  }
  for (let kills = 0; leftIn(mailq).dropped.length > 0 && kills < 8; kills++) {
    await using pass = await Running.start(mailq, ["send", "--verbose"]);
    await pass.said(/taken in for/);
    pass.child.kill("SIGKILL");
    await pass.child.status;
  }
  await mailq.ok(["send"]);
  const queued = (await mailq.json(["list", "--limit", "0"])).map(({ id }) => id);
  assert.deepEqual(queued.sort(), ids.sort());
  assert.deepEqual(leftIn(mailq), NOTHING_LEFT);
});

Deno.test("drop: two passes at once take each drop in once", async () => {
  await using mailq = await makeSystemQueue();
  for (let n = 0; n < 20; n++) await drop(mailq, newMessage());
  await Promise.all([1, 2, 3].map(() => mailq.ok(["send", "--no-lock"])));
  const statuses = (await mailq.json(["list", "--limit", "0"])).map(({ status }) => status);
  assert.deepEqual(statuses, Array(20).fill("sent"));
  assert.deepEqual(leftIn(mailq), NOTHING_LEFT);
});
