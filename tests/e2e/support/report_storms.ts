import assert from "node:assert/strict";
import { endChild } from "../../support/child.ts";
import { Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";
import { alterQueue } from "./queue_file.ts";

const LIMIT = 100;

/** A server that refuses every recipient but the sender of the mail. */
function refusing(): SmtpServer {
  return new SmtpServer({
    onRcpt: (address) => address === "ann@sender.test" ? null : "550 5.1.1 No such user",
  });
}

/** How many reports the queue has, and how many messages that failed. */
async function counted(mailq: Mailq): Promise<{ reports: number; failed: number }> {
  const count = async (...flags: string[]) =>
    (await mailq.json(["list", "--limit", "0", ...flags])).length;
  return {
    reports: await count("--tag", "report"),
    failed: await count("--status", "failed"),
  };
}

/** Lets so many messages fail in one pass: fails unless as many reports as the limit allows, and then one
 *  digest, are made. Returns how long the pass took in ms. */
export async function failAtOnce(count: number): Promise<number> {
  await using server = refusing();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url, MAILQ_BOUNCE_TO: "sender" });
  await mailq.enqueueMany(count);
  const from = performance.now();
  await mailq.ok(["send"]);
  const tookMs = performance.now() - from;
  assert.deepEqual(await counted(mailq), { reports: LIMIT, failed: count });
  await mailq.ok(["send"]);
  await mailq.ok(["send"]);
  assert.equal(server.messages.length, LIMIT, "more are not made within the hour");
  // An hour later.
  alterQueue(mailq, "DELETE FROM rate");
  await mailq.ok(["send"]);
  await mailq.ok(["send"]);
  assert.equal(server.messages.length, LIMIT + 1);
  const digest = new TextDecoder().decode(server.messages.at(-1)?.data);
  const left = count - LIMIT;
  assert.match(digest, new RegExp(`^Subject: ${left} more messages could not be delivered`, "m"));
  return tookMs;
}

/** Kills passes over mail that fails so many times, at any moment: fails unless each failure is reported
 *  once. */
export async function killReporting(kills: number): Promise<void> {
  await using server = refusing();
  await using mailq = await Mailq.make({
    MAILQ_TRANSPORT: server.url,
    MAILQ_BOUNCE_TO: "sender",
    MAILQ_BOUNCE_LIMIT: "1000000",
  });
  let lifeMs = 1_500;
  for (let kill = 0; kill < kills; kill++) {
    await mailq.enqueueMany(5);
    const child = await mailq.spawn([kill % 2 === 0 ? "send" : "run"]);
    const output = [child.stdout.cancel(), child.stderr.cancel()];
    let hasEnded = false;
    const ended = child.status.then(() => hasEnded = true);
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), lifeMs * (0.3 + 0.7 * Math.random()));
    await Promise.race([
      ended,
      new Promise((resolve) => over.signal.addEventListener("abort", resolve)),
    ]);
    clearTimeout(timer);
    // The moments are those of a process's life, which is longer on a busy machine.
    if (kill % 2 === 0) lifeMs *= hasEnded ? 0.9 : 1.05;
    await endChild(child, "SIGKILL");
    await Promise.all(output);
  }
  for (let pass = 0; pass < 3; pass++) await mailq.ok(["run", "--once"]);
  const { failed } = await counted(mailq);
  assert.equal(failed, kills * 5);
  const about = (await mailq.json(["list", "--limit", "0", "--tag", "report"])).map(({ id }) => id);
  assert.equal(about.length, failed, "a report each");
  const told = new Set<string>();
  for (const { data } of server.messages) {
    told.add(/^X-Mailq-Id: (.*)\r$/m.exec(new TextDecoder().decode(data))?.[1] ?? "");
  }
  assert.equal(told.size, failed, "of a message each");
}
