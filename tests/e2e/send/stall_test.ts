import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { gatedRelay } from "../support/gated_relay.ts";
import { openQueue, Running, until } from "../support/running.ts";

/** The queue stands still as soon as it does. */
const AT_ONCE = { MAILQ_STALLED_AFTER: "1ms", MAILQ_CONCURRENCY: "1" };

const toldIn = async (path: string) =>
  (await Deno.readTextFile(path)).trim().split("\n").map((line) => JSON.parse(line).type);

Deno.test("send: a pass that hangs is told by the next one, once, and that the queue moves again", async () => {
  await using relay = await gatedRelay();
  await using mailq = await Mailq.make({
    ...AT_ONCE,
    MAILQ_TRANSPORT: relay.url,
    MAILQ_ON_STALLED: "cat >> told.txt",
  });
  await mailq.ok(["hooks", "skip", "on.stalled"]);
  await mailq.enqueue(mail());
  await using hanging = await Running.start(mailq, ["send"]);
  await relay.arrived(1);
  await mailq.enqueue(mail());
  for (let pass = 0; pass < 3; pass++) {
    assert.equal((await mailq.run(["send"])).stderr, "", "cron would make a mail of it");
  }
  assert.deepEqual(await toldIn(`${mailq.folder}/told.txt`), ["queue.stalled"]);
  assert.match(await mailq.ok(["status"]), /^stalled +since /m);
  relay.open();
  await hanging.ended();
  await mailq.ok(["send"]);
  assert.deepEqual(await toldIn(`${mailq.folder}/told.txt`), ["queue.stalled", "queue.moving"]);
  const [status] = await mailq.json(["status"]);
  assert.deepEqual([status.sent, status.stalled_at], [2, null]);
});

Deno.test("run: a command of on.stalled that hangs delays no mail", async () => {
  await using relay = await gatedRelay();
  await using mailq = await Mailq.make({
    ...AT_ONCE,
    MAILQ_TRANSPORT: relay.url,
    MAILQ_ON_STALLED: "cat > told.txt; mkfifo hung; read line < hung",
    MAILQ_LOG: "json",
  });
  await mailq.ok(["hooks", "skip", "on.stalled"]);
  await mailq.enqueueMany(40);
  await using run = await Running.start(mailq, ["run"]);
  await run.said(/"level":"warning","type":"queue.stalled","reason":"mail is queued/);
  const queue = await openQueue(mailq);
  try {
    relay.open();
    await run.meanwhile(until(queue, async (store) => (await store.status()).sent === 40));
    const [hook] = await queue.hookStates(["on.stalled"]);
    assert.equal(hook?.told, 0, "it hangs still");
  } finally {
    await queue.close();
  }
  await run.stop();
});

Deno.test("on.stalled: a URL that is not safe is refused with what would be right", async () => {
  await using mailq = await Mailq.make({ MAILQ_ON_STALLED: "http://example.org/x" });
  const { code, stderr } = await mailq.run(["send"]);
  assert.equal(code, 78);
  assert.match(stderr, /Cannot use the URL of on\.stalled \(MAILQ_ON_STALLED\): expected https:/);
});
