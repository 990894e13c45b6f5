import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";

const MESSAGE = ("id status held final_reason sender subject from to message_id size priority " +
  "tags key replaces created_at send_at expires_at sent_at tries next_attempt_at last_reply " +
  "recipients_total recipients_open recipients_sent recipients_failed").split(" ");

const RECIPIENT = ("address status reason tries retries_used code enhanced reply " +
  "next_attempt_at sent_at dsn bounce").split(" ");
const ATTEMPT = ("n started_at duration_ms relay host tls result code enhanced reply error " +
  "traceback transcript outcomes").split(" ");
const OUTCOME = ["address", "outcome", "code", "enhanced", "reply"];

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

Deno.test("--json: a message has exactly these keys, from enqueue and list alike", async () => {
  await using mailq = await Mailq.make();
  const [enqueued] = await mailq.json(["enqueue"], { stdin: mail() });
  const [listed] = await mailq.json(["list"]);
  assert.deepEqual(Object.keys(enqueued), MESSAGE);
  assert.deepEqual(listed, enqueued);
  const { id, size, created_at, message_id, ...rest } = listed;
  assert.match(id, /^[0-9a-hjkmnp-tv-z]{12}$/);
  assert.match(created_at, ISO);
  assert.match(message_id, /^<.*@host\.test>$/);
  assert.equal(size, (await mailq.run(["show", id, "--raw"])).stdoutBytes.length);
  assert.deepEqual(rest, {
    status: "queued",
    held: false,
    final_reason: null,
    sender: "ann@sender.test",
    subject: "Hello",
    from: "ann@sender.test",
    to: "bob@receiver.test",
    priority: "normal",
    tags: [],
    key: null,
    replaces: null,
    send_at: null,
    expires_at: null,
    sent_at: null,
    tries: 0,
    next_attempt_at: null,
    last_reply: null,
    recipients_total: 1,
    recipients_open: 1,
    recipients_sent: 0,
    recipients_failed: 0,
  });
});

Deno.test("show --json: recipients, attempts and outcomes have exactly these keys", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const id = await mailq.enqueue(mail({ to: "ann@a.test, defer@b.test, refuse@c.test" }));
  await mailq.ok(["send"]);
  const [message] = await mailq.json(["show", id]);
  assert.deepEqual(Object.keys(message), [
    ...MESSAGE,
    "dsn",
    "submitter",
    "changes",
    "recipients",
    "attempts",
  ]);
  for (const recipient of message.recipients) assert.deepEqual(Object.keys(recipient), RECIPIENT);
  const [ann, deferred, refused] = message.recipients;
  assert.deepEqual([ann.status, deferred.status, refused.status], ["sent", "deferred", "failed"]);
  assert.match(ann.sent_at, ISO);
  assert.match(deferred.next_attempt_at, ISO);
  assert.deepEqual([refused.reason, refused.enhanced, refused.reply], [
    "permanent",
    "5.1.1",
    "No such user",
  ]);
  const [attempt] = message.attempts;
  assert.deepEqual(Object.keys(attempt), ATTEMPT);
  assert.deepEqual(
    [attempt.n, attempt.relay, attempt.host, attempt.tls, attempt.result, attempt.code],
    [1, "default", `127.0.0.1:${server.port}`, null, "partial", 550],
  );
  assert.equal(typeof attempt.duration_ms, "number");
  for (const outcome of attempt.outcomes) assert.deepEqual(Object.keys(outcome), OUTCOME);
  assert.deepEqual(
    attempt.outcomes.map((one: { outcome: string }) => one.outcome),
    ["sent", "deferred", "failed"],
  );
  assert.deepEqual(
    [message.recipients_total, message.recipients_open, message.recipients_sent],
    [3, 1, 1],
  );
});

Deno.test("show --json: a message that was wholly sent keeps no transcript", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const id = await mailq.enqueue(mail());
  await mailq.ok(["send"]);
  const [message] = await mailq.json(["show", id]);
  assert.equal(message.attempts[0].transcript, null);
  assert.match(message.sent_at, ISO);
  assert.equal(message.attempts[0].result, "sent");
});

Deno.test("show: a transcript holds no part of the body", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const id = await mailq.enqueue(mail({ to: "content-refuse@a.test", body: "the secret\r\n" }));
  await mailq.ok(["send"]);
  const [message] = await mailq.json(["show", id]);
  assert.match(message.attempts[0].transcript, /554 5\.6\.0 Do not like it/);
  assert.doesNotMatch(message.attempts[0].transcript, /the secret|Subject/);
});

Deno.test("--json: the shapes of status, send, retry, purge, actions and the list", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  const keys = async (...args: string[]) => Object.keys((await mailq.json(args))[0]);
  const id = await mailq.enqueue(mail());
  assert.deepEqual(
    await keys("status"),
    ("queued sending deferred sent partial failed held cancelled suppressed scheduled seconds " +
      "paused paused_until paused_reason stalled_at workers relays logins pauses hooks inbox")
      .split(" "),
  );
  const SEND = ["sent", "deferred", "failed", "uncertain", "remaining", "stopped_by"];
  assert.deepEqual(await keys("send"), SEND);
  assert.deepEqual(await keys("retry"), ["requeued", "exhausted", "limit"]);
  assert.deepEqual(await keys("resend", id), [
    "changed",
    "unchanged",
    "without_body",
    "sending_recipients",
  ]);
  assert.deepEqual(await keys("hold", id), [
    "changed",
    "unchanged",
    "without_body",
    "sending_recipients",
  ]);
  assert.deepEqual(await mailq.json(["purge", "--undelivered", id]), [{ purged: 1 }]);
  assert.deepEqual(await mailq.json(["pause"]), [
    { paused: true, changed: true, reason: null, until: null },
  ]);
  assert.deepEqual(await mailq.json(["resume"]), [{ paused: false, changed: true }]);
  assert.deepEqual(await mailq.json(["suppress", "add", "a@b.test"]), [{ added: 1 }]);
  assert.deepEqual(await keys("suppress", "list"), ["address", "reason", "created_at"]);
  assert.deepEqual(await keys("config"), ["name", "value", "origin"]);
});

Deno.test("--json: is one line a value, and safe for a terminal", async () => {
  await using mailq = await Mailq.make();
  const subject = "a\u200b31mb\u202ec\u{e0041}d\u00e9";
  const id = await mailq.enqueue(mail({ subject }));
  const line = await mailq.ok(["list", "--json"]);
  assert.match(line, /^\{[^\n]*\}\n$/);
  // deno-lint-ignore no-control-regex -- controls are what must not be there
  assert.doesNotMatch(line, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202e\u{e0041}]/u);
  assert.equal(JSON.parse(line).subject, subject);
  assert.equal((await mailq.json(["show", id]))[0].subject, subject);
});
