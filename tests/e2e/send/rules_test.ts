import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";

/** A queue with these settings. */
async function withSettings(server: SmtpServer, text: string): Promise<Mailq> {
  const mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await Deno.writeTextFile(`${mailq.folder}/mailq.toml`, text);
  return mailq;
}

async function stateOf(mailq: Mailq, id: string): Promise<[status: string, outcome: string]> {
  const [{ status, attempts }] = await mailq.json(["show", id]);
  return [status, attempts[0].outcomes[0].outcome];
}

Deno.test("rules: a refusal is put off, and an address that is gone gets no more mail", async () => {
  await using server = new SmtpServer();
  await using mailq = await withSettings(
    server,
    `[[rule]]\ncode = "5xx"\ntext = "no such user"\naction = "suppress"\n` +
      `[[rule]]\nenhanced = "5.7.*"\naction = "defer"\n`,
  );
  const gone = await mailq.enqueue(mail({ to: "refuse-me@x.test" }));
  const later = await mailq.enqueue(mail({ to: "relay-me@x.test" }));
  await mailq.ok(["send"]);
  assert.deepEqual(await stateOf(mailq, gone), ["failed", "failed"]);
  assert.deepEqual(await stateOf(mailq, later), ["deferred", "deferred"]);
  const listed = await mailq.ok(["suppress", "list"]);
  assert.match(listed, /refuse-me@x\.test/);
  assert.match(await mailq.ok(["config"]), /^rule\.1 +5xx "no such user" → suppress/m);
});

Deno.test("error_handler: decides on each failure; one that fails changes nothing", async () => {
  await using server = new SmtpServer();
  await using mailq = await withSettings(
    server,
    `error_handler = "cat >> seen.jsonl; echo deferred reconnect"\n`,
  );
  const id = await mailq.enqueue(mail({ to: "refuse-me@x.test" }));
  await mailq.ok(["send"]);
  assert.deepEqual(await stateOf(mailq, id), ["deferred", "deferred"]);
  const seen = JSON.parse(await Deno.readTextFile(`${mailq.folder}/seen.jsonl`));
  assert.deepEqual(
    [seen.id, seen.recipient, seen.phase, seen.outcome, seen.code, seen.reply, seen.tries],
    [id, "refuse-me@x.test", "rcpt", "failed", 550, "No such user", 1],
  );
  const env = { MAILQ_ERROR_HANDLER: "echo sent; exit 1" };
  const other = await mailq.enqueue(mail({ to: "refuse-me@x.test" }));
  const { code, stderr } = await mailq.run(["send"], { env });
  assert.equal(code, 0);
  assert.match(stderr, /the error_handler is passed over: it ended with status 1/);
  assert.deepEqual(await stateOf(mailq, other), ["failed", "failed"]);
});

Deno.test("keep_bodies = false: what is sent leaves no bytes, and resend says so", async () => {
  await using server = new SmtpServer();
  await using mailq = await withSettings(server, "keep_bodies = false\n");
  const id = await mailq.enqueue(mail());
  await mailq.ok(["send"]);
  const raw = await mailq.run(["show", id, "--raw"]);
  assert.deepEqual([raw.code, raw.stdout], [66, ""]);
  assert.match(raw.stderr, /its bytes were deleted when it was sent \(keep_bodies\)/);
  const { code, stderr } = await mailq.run(["resend", id]);
  assert.equal(code, 0);
  assert.match(stderr, /1 of them cannot go again: the bytes were deleted/);
  assert.match(await mailq.ok(["show", id]), /sent/);
});
