import assert from "node:assert/strict";
import { endChild } from "../support/child.ts";
import { Mailq } from "../support/mailq.ts";
import { Running } from "../e2e/support/running.ts";

const PASSES = 1_000;
const LOOK_EVERY = 50;

Deno.test("metrics: counters only grow over 1,000 passes, purges, and services that are killed", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:", MAILQ_INTERVAL: "1h" });
  await mailq.enqueueMany(PASSES);
  let before = await counters(mailq);
  for (let pass = 1; pass <= PASSES; pass++) {
    await mailq.ok(["send", "--max-batch", "1"]);
    if (pass % LOOK_EVERY !== 0) continue;
    await mailq.ok(["purge", "--older-than", "0s"]);
    await mailq.ok(["pause"]); // what is left is for the next passes
    const run = await Running.service(mailq);
    await endChild(run.child, "SIGKILL");
    await run[Symbol.asyncDispose]();
    await mailq.ok(["resume"]);
    const after = await counters(mailq);
    for (const [name, value] of before) {
      assert.ok((after.get(name) ?? -1) >= value, `${name}: ${value}, then ${after.get(name)}`);
    }
    for (const name of ['mailq_attempts_total{relay="default",result="sent"}', PURGED]) {
      assert.equal(after.get(name), pass, name);
    }
    before = after;
  }
  assert.equal(before.get('mailq_messages_enqueued_total{way="enqueue"}'), PASSES);
});

const PURGED = "mailq_messages_purged_total";

/** Counters and parts of histograms, by name and labels. */
async function counters(mailq: Mailq): Promise<Map<string, number>> {
  const samples = (await mailq.ok(["metrics"])).split("\n")
    .filter((line) => /^\w+_(total|count|sum|bucket)\b/.test(line));
  return new Map(samples.map((line): [string, number] => {
    const at = line.lastIndexOf(" ");
    return [line.slice(0, at), Number(line.slice(at + 1))];
  }));
}
