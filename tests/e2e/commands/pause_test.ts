import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";

Deno.test("pause: of a sender keeps its mail back until resume, which says how many", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  await mailq.enqueue(mail({ from: "ann@sender.test", subject: "hers" }));
  await mailq.enqueue(mail({ from: "bob@sender.test", subject: "his" }));
  const paused = await mailq.ok(["pause", "--sender", "Ann@Sender.test", "--reason", "wrong link"]);
  assert.equal(
    paused,
    "Paused: nothing of the sender ann@sender.test is sent until " +
      "`mailq resume --sender ann@sender.test`\n",
  );
  await mailq.ok(["send"]);
  assert.deepEqual(await mailq.statuses(), { hers: "deferred", his: "sent" });
  const resumed = await mailq.ok(["resume", "--sender", "ann@sender.test"]);
  assert.equal(resumed, "Resumed the sender ann@sender.test: 1 message queued again\n");
  await mailq.ok(["send"]);
  assert.deepEqual(await mailq.statuses(), { hers: "sent", his: "sent" });
  const again = await mailq.json(["resume", "--sender", "ann@sender.test"]);
  assert.deepEqual(again, [
    { paused: false, changed: false, scope: "sender", value: "ann@sender.test", requeued: 0 },
  ]);
});

Deno.test("pause: of a part for a while, as JSON; a wrong relay and a lone --for are 64", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  const before = Date.now();
  const [pause] = await mailq.json(["pause", "--relay", "default", "--for", "2h"]);
  const { until, ...rest } = pause;
  assert.deepEqual(rest, {
    paused: true,
    changed: true,
    scope: "relay",
    value: "default",
    reason: null,
  });
  const ahead = Date.parse(until) - before;
  assert.ok(ahead >= 7_200_000 && ahead < 7_500_000, until);
  const wrong = await mailq.run(["pause", "--relay", "defualt"]);
  assert.equal(wrong.code, 64);
  assert.match(wrong.stderr, /a relay called "defualt": expected one of default/);
  assert.equal((await mailq.run(["resume", "--relay", "bulk"])).code, 64);
  assert.equal((await mailq.run(["pause", "--for", "2h"])).code, 64);
  assert.equal((await mailq.json(["status"]))[0].paused, false, "the queue as a whole is not");
});
