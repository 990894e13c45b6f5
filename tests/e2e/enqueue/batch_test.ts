import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";
import { runInShell } from "../support/shell.ts";
import { storedMessages } from "../support/stored_messages.ts";

// More than go into one commit.
const MANY = 2_100;

async function makeOutbox(mailq: Mailq): Promise<string> {
  const outbox = `${mailq.folder}/outbox`;
  await Deno.mkdir(outbox);
  for (let i = 0; i < MANY; i++) Deno.writeTextFileSync(`${outbox}/${i}.eml`, mail());
  return outbox;
}

Deno.test("enqueue: a large folder comes in whole, in one call", async () => {
  await using mailq = await Mailq.make();
  const ids = (await mailq.ok(["enqueue", await makeOutbox(mailq)])).trim().split("\n");
  assert.equal(new Set(ids).size, MANY);
  assert.equal((await mailq.json(["status"]))[0].queued, MANY);
});

Deno.test("enqueue: the last of many being bad stores none of them", async () => {
  await using mailq = await Mailq.make();
  const outbox = await makeOutbox(mailq);
  await Deno.writeTextFile(`${outbox}/zzz.eml`, "Subject: for nobody\r\n\r\n");
  const ended = await mailq.run(["enqueue", outbox]);
  assert.equal(ended.code, 65);
  assert.equal(ended.stdout, "");
  assert.match(ended.stderr, /zzz\.eml/);
  assert.equal((await mailq.json(["status"]))[0].queued, 0);
  assert.deepEqual(await mailq.json(["list"]), []);
});

Deno.test("enqueue: killed between two commits leaves nothing visible, and the next pass sweeps", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await mailq.enqueue(mail({ subject: "before" }));
  const outbox = await makeOutbox(mailq);
  // It waits for the end of stdin once the folder is staged.
  const call = await mailq.spawn(["enqueue", outbox, "-"], { stdin: "" });
  while (storedMessages(mailq) < 2);
  call.kill("SIGKILL");
  await call.stdin.close().catch(() => {});
  await call.output();
  assert.deepEqual(await mailq.statuses(), { before: "queued" });
  assert.equal((await mailq.json(["status"]))[0].queued, 1);
  assert.equal((await mailq.json(["send"]))[0].sent, 1);
  assert.equal(server.messages.length, 1);
  assert.equal(storedMessages(mailq), 1, "what was staged is gone");
});

Deno.test("enqueue: a large message goes through byte for byte", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const line = `${"0123456789".repeat(7)}\r\n`;
  const body = `${line.repeat(50_000)}.\r\n..dots\r\n`;
  const id = await mailq.enqueue(mail({ subject: "large", body }), "--key", "large");
  const stored = (await mailq.run(["show", id, "--raw"])).stdoutBytes;
  assert.ok(new TextDecoder().decode(stored).endsWith(`\r\n\r\n${body}`));
  assert.equal(await mailq.enqueue(mail({ subject: "large", body }), "--key", "large"), id);
  await mailq.ok(["send"]);
  assert.equal(server.messages.length, 1);
  assert.deepEqual(server.messages[0]?.data, stored);
});

Deno.test("enqueue: a message over max_size is 65 and says the limit", async () => {
  await using mailq = await Mailq.make({ MAILQ_MAX_SIZE: "1MB" });
  for (const size of [1_048_577, 3_000_000]) {
    const ended = await mailq.run(["enqueue"], { stdin: mail({ body: "x".repeat(size) }) });
    assert.equal(ended.code, 65);
    assert.match(ended.stderr, /max_size is 1048576 bytes/);
  }
  assert.deepEqual(await mailq.json(["list"]), []);
});

Deno.test("enqueue: the writer of a large message whose key is known is heard to its end", async () => {
  await using mailq = await Mailq.make();
  const large = mail({ body: `${"x".repeat(78)}\r\n`.repeat(30_000) });
  await Deno.writeTextFile(`${mailq.folder}/large.eml`, large);
  const line = "cat large.eml | mailq enqueue --key k";
  const [first, again] = [await runInShell(mailq, line), await runInShell(mailq, line)];
  assert.deepEqual([first.code, again.code], [0, 0]);
  assert.equal(again.stdout, first.stdout);
});
