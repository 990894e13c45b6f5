import assert from "node:assert/strict";
import { sendTestMail } from "../../../src/app/follow/test_mail.ts";
import { TestApp } from "../../support/app.ts";
import { SmtpServer } from "../../support/smtp_server.ts";

async function tried(app: TestApp, to: string) {
  const settings = await app.settings();
  const store = await app.openQueue(settings, { create: true, isWorker: true });
  const told: string[] = [];
  const message = await sendTestMail(app, settings, store, {
    to,
    from: "ops@sender.test",
    onQueued: (id) => told.push(`queued ${id}`),
    onSaid: (line) => told.push(line.replace(/^ *\d+ /, "")),
  });
  await app.closeQueue(store);
  return { message, told };
}

Deno.test("test mail: one small mail is queued, sent at once and told as it goes", async () => {
  await using server = new SmtpServer();
  await using app = await TestApp.make({ transport: server.url });
  const { message, told } = await tried(app, "ann@receiver.test");
  assert.equal(message.status, "sent");
  assert.equal(told[0], `queued ${message.id}`);
  assert.ok(told.includes("C: RCPT TO:<ann@receiver.test>"), told.join("\n"));
  assert.ok(told.includes("S: 250 2.0.0 Queued"));
  const [received] = server.messages;
  assert.deepEqual([received?.from, received?.to], ["ops@sender.test", ["ann@receiver.test"]]);
  const text = new TextDecoder().decode(received?.data);
  assert.match(text, /^From: ops@sender\.test\r$/m);
  assert.match(text, /^Subject: Test mail from host\.test\r$/m);
});

Deno.test("test mail: a relay that was left alone is tried; what it refuses stays in the queue", async () => {
  await using server = new SmtpServer();
  await using app = await TestApp.make({ transport: server.url });
  const store = await app.openQueue(await app.settings(), { create: true });
  const until = app.clock.now() + 900_000;
  await store.noteRelay("default", (health) => ({
    ...health,
    failures: 5,
    downSince: app.clock.now(),
    openUntil: until,
    lastError: "Connection refused",
  }));
  const { message, told } = await tried(app, "defer@receiver.test");
  assert.equal(message.status, "deferred");
  assert.match(message.lastReply ?? "", /451 4\.2\.0 Try again later/);
  assert.ok(told.some((line) => line.startsWith("S: 451 4.2.0")));
  await app.closeQueue(store);
});
