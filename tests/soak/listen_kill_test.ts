import assert from "node:assert/strict";
import { Mailq } from "../support/mailq.ts";
import { SmtpTalk } from "../support/smtp_talk.ts";
import { Running } from "../e2e/support/running.ts";

const ROUNDS = 6;
const CLIENTS = 8;

Deno.test("run: kill -9 in mid-stream loses no mail that was answered with 250", async () => {
  await using mailq = await Mailq.make({
    MAILQ_TRANSPORT: "null:",
    MAILQ_LISTEN_SMTP: "127.0.0.1:0",
  });
  const acknowledged: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await using running = await Running.service(mailq);
    await running.said(/listening on 127\.0\.0\.1:\d+/);
    const place = /listening on (\S+)/.exec(running.stderr)?.[1] ?? "";
    const before = acknowledged.length;
    // Each round ends at another moment: after so many answers, whatever else is under way.
    const wanted = before + 5 + 7 * round;
    const clients = Array.from({ length: CLIENTS }, async (_, n) => {
      try {
        using talk = await SmtpTalk.greeted(place);
        for (let i = 0;; i++) {
          const text = `Subject: ${round}-${n}-${i}\r\n\r\n${"x".repeat(60 * (1 + 400 * n))}\r\n`;
          acknowledged.push(await talk.mail(text));
          if (acknowledged.length >= wanted) running.child.kill("SIGKILL");
        }
      } catch {
        // The connection ends with the service.
      }
    });
    await Promise.all(clients);
    await running.child.status;
    assert.ok(acknowledged.length >= wanted, `${acknowledged.length} of ${wanted}`);
  }
  const kept = new Set((await mailq.json(["list", "--limit", "0"])).map(({ id }) => id));
  assert.deepEqual(acknowledged.filter((id) => !kept.has(id)), []);
  assert.equal(new Set(acknowledged).size, acknowledged.length);
});
