import assert from "node:assert/strict";
import { Mailq } from "../support/mailq.ts";
import { SmtpServer } from "../support/smtp_server.ts";

const COUNT = 200;

Deno.test("soak: 200 messages of which every 15th is told to come later go within 30 s", async () => {
  let asked = 0;
  await using server = new SmtpServer({
    onContent: () => ++asked % 15 === 0 ? "454 Throttling failure: try again in a second" : null,
  });
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url, MAILQ_RETRY_MAX: "0" });
  await mailq.enqueueMany(COUNT);
  const begun = performance.now();
  const [result] = await mailq.json(["send"]);
  const seconds = (performance.now() - begun) / 1000;
  assert.deepEqual([result.sent, result.deferred, result.failed], [COUNT, 0, 0]);
  assert.equal(server.messages.length, COUNT);
  assert.ok(seconds < 30, `${seconds.toFixed(1)} s`);
});
