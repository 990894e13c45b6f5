import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";

Deno.test("problems: as text and JSON, and their number as a filter of other commands", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  assert.equal(await mailq.ok(["problems"]), "");
  const one = await mailq.enqueue(mail({ to: "refuse.ann@one.test", subject: "one" }));
  const two = await mailq.enqueue(mail({ to: "refuse.bob@two.test", subject: "two" }));
  await mailq.enqueue(mail({ to: "defer@one.test", subject: "three" }));
  await mailq.ok(["send"]);
  const all = await mailq.json(["problems"]);
  assert.deepEqual(
    all.map(({ reply, messages, open, failed }) => [reply, messages, open, failed]),
    [
      ["No such user", 2, 0, 2],
      ["Try again later", 1, 1, 0],
    ],
  );
  assert.deepEqual((await mailq.json(["problems", "--open"])).length, 1);
  const [{ number, ...first }] = all;
  assert.deepEqual(Object.keys({ number, ...first }), [
    "number",
    "code",
    "enhanced",
    "reply",
    "messages",
    "recipients",
    "open",
    "failed",
    "relays",
    "domains",
    "first_seen",
    "last_seen",
    "hint",
  ]);
  assert.deepEqual(first.domains, [
    { domain: "one.test", count: 1 },
    { domain: "two.test", count: 1 },
  ]);
  const text = await mailq.ok(["problems"]);
  assert.match(
    text,
    new RegExp(
      `^${number}  2 messages; 2 recipients \\(2 failed\\); relay default; one\\.test \\(1\\), ` +
        `two\\.test \\(1\\)\n +550 5\\.1\\.1 No such user\n +first seen .*, last seen .*\n` +
        ` +see to the addresses.*; .mailq resend --problem ${number}. queues again`,
    ),
  );
  assert.equal(await mailq.ok(["status", "--by", "problem"]), text);
  const listed = await mailq.json(["list", "--problem", String(number)]);
  assert.deepEqual(listed.map(({ id }) => id).sort(), [one, two].sort());
  assert.deepEqual(await mailq.json(["resend", "--problem", String(number)]), [
    { changed: 2, unchanged: 0, without_body: 0, sending_recipients: 0 },
  ]);
  assert.equal((await mailq.run(["cancel", "--problem", "10001"])).code, 64);
});

Deno.test("status --by: a table, or an object a line", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  await mailq.enqueue(mail({ to: "ann@one.test, bob@two.test, eve@two.test" }));
  assert.match(
    await mailq.ok(["status", "--by", "domain"]),
    /^DOMAIN +MESSAGES +QUEUED +DEFERRED +FAILED +OLDEST *\none\.test +1 +1 +0 +0 +\d+s\ntwo\.test +1 +2 +0 +0 +\d+s\n$/,
  );
  const [{ oldest_at, ...sender }] = await mailq.json(["status", "--by", "sender"]);
  assert.match(oldest_at, /^\d{4}-.*Z$/);
  assert.deepEqual(sender, {
    sender: "ann@sender.test",
    messages: 1,
    queued: 3,
    deferred: 0,
    failed: 0,
  });
});
