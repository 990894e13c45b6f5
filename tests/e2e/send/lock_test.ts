import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";
import { gatedRelay } from "../support/gated_relay.ts";
import { alterQueue } from "../support/queue_file.ts";
import { Running } from "../support/running.ts";

const NOTHING = { sent: 0, deferred: 0, failed: 0, uncertain: 0, remaining: 0 };

/** Resolves once so many messages are recorded as sent. */
async function sentCount(mailq: Mailq, count: number): Promise<void> {
  while ((await mailq.json(["status"]))[0].sent < count);
}

Deno.test("send: a locked run sends nothing and exits 0, without a word", async () => {
  await using relay = await gatedRelay();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: relay.url });
  await mailq.enqueue(mail({ subject: "first" }));
  const pass = await mailq.spawn(["send"]);
  await relay.arrived(1);
  await mailq.enqueue(mail({ subject: "second" }));

  const locked = await mailq.run(["send"]);
  assert.deepEqual([locked.code, locked.stdout, locked.stderr], [0, "", ""]);
  const told = await mailq.run(["send", "--verbose"]);
  assert.deepEqual([told.code, told.stdout], [0, ""]);
  assert.match(told.stderr, /^mailq: another pass \(process \d+\) is sending/);
  const strict = await mailq.run(["send", "--strict"]);
  assert.equal(strict.code, 75);
  const [result] = await mailq.json(["send"]);
  assert.equal(result.stopped_by, "locked");
  assert.equal((await mailq.json(["list", "--status", "queued"]))[0]?.subject, "second");

  relay.open();
  assert.equal((await pass.output()).code, 0);
});

Deno.test("send: a lock held for long is told once, then no more", async () => {
  await using relay = await gatedRelay();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: relay.url });
  await mailq.enqueue(mail());
  const pass = await mailq.spawn(["send"]);
  await relay.arrived(1);
  const lock = `${mailq.queue}-lock`;
  const holder = JSON.parse(await Deno.readTextFile(lock));
  await Deno.writeTextFile(lock, JSON.stringify({ ...holder, since: holder.since - 16 * 60_000 }));
  const first = await mailq.run(["send"]);
  assert.match(
    first.stderr,
    /^mailq: another pass \(process \d+\) has been sending for 16 minutes/,
  );
  assert.deepEqual([first.code, first.stdout], [0, ""]);
  const second = await mailq.run(["send"]);
  assert.deepEqual([second.code, second.stdout, second.stderr], [0, "", ""]);
  relay.open();
  await pass.output();
});

Deno.test("send --lock-wait: a waiting run ends cleanly when its time is over", async () => {
  await using relay = await gatedRelay();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: relay.url });
  await mailq.enqueue(mail());
  const pass = await mailq.spawn(["send"]);
  await relay.arrived(1);
  const from = performance.now();
  const waited = await mailq.run(["send", "--lock-wait", "300ms"]);
  assert.deepEqual([waited.code, waited.stdout, waited.stderr], [0, "", ""]);
  assert.ok(performance.now() - from >= 300);
  relay.open();
  await pass.output();
});

Deno.test("send --lock-wait: a waiting run goes on when the other one has ended", async () => {
  await using relay = await gatedRelay();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: relay.url });
  await mailq.enqueue(mail({ subject: "first" }));
  const pass = await mailq.spawn(["send", "--max-batch", "1"]);
  await relay.arrived(1);
  await mailq.enqueue(mail({ subject: "second" }));
  const waiting = mailq.run(["send", "--lock-wait", "1m"]);
  relay.open();
  assert.equal((await pass.output()).code, 0);
  assert.equal((await waiting).code, 0);
  assert.deepEqual(await mailq.statuses(), { first: "sent", second: "sent" });
});

Deno.test("send --no-lock: runs beside another pass and sends nothing twice", async () => {
  await using relay = await gatedRelay();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: relay.url });
  for (const subject of ["a", "b", "c", "d"]) await mailq.enqueue(mail({ subject }));
  const passes = [await mailq.spawn(["send"]), await mailq.spawn(["send", "--no-lock"])];
  await relay.arrived(2);
  assert.equal((await mailq.json(["status"]))[0].workers.length, 2);
  relay.open();
  for (const pass of passes) assert.equal((await pass.output()).code, 0);
  assert.deepEqual([...relay.subjects].sort(), ["a", "b", "c", "d"]);
});

Deno.test("send: a killed run leaves no lock, and its mail is taken over as uncertain", async () => {
  await using relay = await gatedRelay();
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: relay.url });
  const id = await mailq.enqueue(mail({ subject: "in hand" }));
  const pass = await mailq.spawn(["send"]);
  await relay.arrived(1);
  pass.kill("SIGKILL");
  assert.equal((await pass.output()).signal, "SIGKILL");
  await mailq.enqueue(mail({ subject: "new" }));

  const [result] = await mailq.json(["send"], { env: { MAILQ_TRANSPORT: server.url } });
  assert.deepEqual([result.sent, result.stopped_by], [2, null]);
  const [message] = await mailq.json(["show", id]);
  assert.deepEqual(
    message.attempts.map((one: { result: string }) => one.result),
    ["uncertain", "sent"],
  );
  assert.equal(message.recipients[0].retries_used, 0);
});

Deno.test("send: a lock in a folder that takes none says which setting to mend", async () => {
  await using mailq = await Mailq.make({
    MAILQ_TRANSPORT: "null:",
    MAILQ_LOCK_PATH: "/proc/none/mailq-lock",
  });
  await mailq.enqueue(mail());
  const ended = await mailq.run(["send"]);
  assert.ok([74, 77].includes(ended.code), String(ended.code));
  assert.match(ended.stderr, /^mailq: Cannot lock \/proc\/none\/mailq-lock: .*lock_path/);
  assert.equal(await mailq.ok(["send"], { env: { MAILQ_LOCK: "false" } }), "");
});

Deno.test("send: writes to no file that a link in the lock's place leads to", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  await mailq.enqueue(mail());
  const victim = `${mailq.folder}/victim`;
  await Deno.writeTextFile(victim, "precious");
  await Deno.symlink(victim, `${mailq.queue}-lock`);
  const ended = await mailq.run(["send"]);
  assert.equal(ended.code, 77, ended.stderr);
  assert.match(ended.stderr, /^mailq: Cannot lock .*queue\.db-lock: .*plain file.*\n$/);
  assert.equal(await Deno.readTextFile(victim), "precious");
});

Deno.test("enqueue: keeps no mail in memory, whatever the queue is called", async () => {
  await using mailq = await Mailq.make();
  for (const name of [":memory:", "sqlite::memory:", "file::memory:"]) {
    const ended = await mailq.run(["enqueue"], { stdin: mail(), env: { MAILQ_QUEUE: name } });
    assert.equal(ended.code, 78, `${name}: ${ended.stderr}`);
    assert.equal((await mailq.run(["list", "--queue", name])).code, 78);
  }
  const strange = ["--queue", "file:file:x.db?mode=memory"];
  await mailq.enqueue(mail({ subject: "kept" }), ...strange);
  assert.equal((await mailq.json(["list", ...strange]))[0]?.subject, "kept");
  await mailq.ok(["send", ...strange], { env: { MAILQ_TRANSPORT: "null:" } });
});

Deno.test("pause: a paused queue sends nothing until it is resumed", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await mailq.enqueue(mail({ subject: "before" }));
  await mailq.ok(["pause"]);
  assert.match((await mailq.run(["pause"])).stderr, /it was paused already/);
  const quiet = await mailq.run(["send"]);
  assert.deepEqual([quiet.code, quiet.stdout, quiet.stderr], [0, "", ""]);
  const told = await mailq.run(["send", "--verbose"]);
  assert.match(told.stderr, /paused.*mailq resume/);
  const [result] = await mailq.json(["send"]);
  assert.deepEqual(result, { ...NOTHING, remaining: 1, stopped_by: "paused" });
  await mailq.enqueue(mail({ subject: "urgent" }), "--priority", "now");
  assert.deepEqual(await mailq.statuses(), { before: "queued", urgent: "queued" });
  assert.equal(server.connections, 0);
  assert.equal((await mailq.json(["status"]))[0].paused, true);

  await mailq.ok(["resume"]);
  await mailq.ok(["send"]);
  assert.deepEqual(await mailq.statuses(), { before: "sent", urgent: "sent" });
});

Deno.test("pause: in the middle of a pass finishes what is in hand alone", async () => {
  await using relay = await gatedRelay();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: relay.url });
  for (const subject of ["a", "b", "c"]) await mailq.enqueue(mail({ subject }));
  const pass = await mailq.spawn(["send"]);
  await relay.arrived(1);
  await mailq.ok(["pause"]);
  relay.open();
  assert.equal((await pass.output()).code, 0);
  assert.deepEqual(await mailq.statuses(), { a: "sent", b: "queued", c: "queued" });
});

Deno.test("send: SIGTERM finishes the message in DATA and gives the others back", async () => {
  await using relay = await gatedRelay();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: relay.url });
  for (const subject of ["a", "b", "c"]) await mailq.enqueue(mail({ subject }));
  const pass = await mailq.spawn(["send", "--json"]);
  await relay.arrived(1);
  pass.kill("SIGTERM");
  relay.open();
  const ended = await pass.output();
  assert.equal(ended.code, 0, new TextDecoder().decode(ended.stderr));
  const result = JSON.parse(new TextDecoder().decode(ended.stdout));
  assert.deepEqual(result, { ...NOTHING, sent: 1, remaining: 2, stopped_by: "signal" });
  assert.deepEqual(await mailq.statuses(), { a: "sent", b: "queued", c: "queued" });
  const listed = await mailq.json(["list"]);
  assert.deepEqual(listed.map((one) => one.tries), [0, 0, 1]);
  assert.equal((await mailq.json(["status"]))[0].workers.length, 0);
});

Deno.test("send: SIGTERM while the relay is silent before DATA ends at once", async () => {
  const silence = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  await using relay = await gatedRelay({
    rcpt: () => async () => {
      asked.resolve();
      await silence.promise;
    },
  });
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: relay.url });
  const id = await mailq.enqueue(mail());
  const pass = await mailq.spawn(["send"]);
  await asked.promise;
  pass.kill("SIGTERM");
  assert.equal((await pass.output()).code, 0);
  silence.resolve();
  const [message] = await mailq.json(["show", id]);
  assert.deepEqual([message.status, message.tries, message.attempts], ["queued", 0, []]);
});

Deno.test("send: SIGTERM during a throttle or a wait for the lock ends at once", async () => {
  await using relay = await gatedRelay();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: relay.url });
  for (const subject of ["a", "b"]) await mailq.enqueue(mail({ subject }));
  const pass = await mailq.spawn(["send", "--throttle", "1h"]);
  await relay.arrived(1);
  await using waiting = await Running.start(mailq, ["send", "--lock-wait", "1h", "--verbose"]);
  await waiting.said(/waiting for it to end/);
  relay.open();
  await sentCount(mailq, 1);
  waiting.child.kill("SIGTERM");
  pass.kill("SIGTERM");
  await waiting.ended();
  assert.equal((await pass.output()).code, 0);
  assert.deepEqual(await mailq.statuses(), { a: "sent", b: "queued" });
});

Deno.test("send: the third loss of a message with a worker holds it back", async () => {
  await using relay = await gatedRelay();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: relay.url });
  const id = await mailq.enqueue(mail());
  for (let loss = 1; loss <= 3; loss++) {
    const pass = await mailq.spawn(["send"]);
    await relay.arrived(loss);
    pass.kill("SIGKILL");
    await pass.output();
  }
  await mailq.ok(["send"]);
  const [message] = await mailq.json(["show", id]);
  assert.deepEqual([message.status, message.attempts.length], ["held", 3]);
  assert.equal(alterQueue(mailq, "DELETE FROM worker"), 0, "nothing of the dead is left");
});
