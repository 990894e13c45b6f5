import assert from "node:assert/strict";
import type { PassResult } from "../../src/delivery/pass.ts";
import { PassingTime } from "./passing_time.ts";
import { HOUR_MS, type OnePassOptions, passOn, POLICY } from "./pass_on.ts";
import { QueueFile } from "./queue_file.ts";
import { DEFERRED, reportOf, ScriptedRelay, UNCERTAIN } from "./scripted_relay.ts";
import { down, relayNamed } from "./several_relays.ts";

const BUSY = { ...DEFERRED, text: "Busy" };
const LATER = { ...DEFERRED, enhanced: "4.7.1", text: "slow down" };

/** A pass in whose waits the time passes. */
async function pass(queue: QueueFile, options: OnePassOptions): Promise<PassResult> {
  return await passOn(queue, { wait: new PassingTime(queue).wait, ...options });
}

Deno.test("uncertain: what may have been delivered is tried again after an hour, not before", async () => {
  await using queue = await QueueFile.make();
  const [id] = await queue.addMany(1);
  const begun = queue.clock.time;
  const lost = new ScriptedRelay((delivery) => reportOf(delivery, UNCERTAIN));
  const policy = { ...POLICY, scheduleMs: [60_000] };
  assert.equal((await pass(queue, { relay: lost, policy })).uncertain, 1);
  const { nextAttemptAt, recipients: [recipient] } = await queue.show(id);
  assert.ok((nextAttemptAt ?? 0) - begun >= HOUR_MS);
  assert.equal(recipient?.failures, 1);
});

Deno.test("uncertain: held, it goes when a person releases it, and its other recipients with it", async () => {
  await using queue = await QueueFile.make();
  const [id] = await queue.add({ recipients: ["a@x.test", "b@x.test"] });
  const lost = new ScriptedRelay((delivery) => reportOf(delivery, [UNCERTAIN, BUSY]));
  const never = { ...POLICY, max: 0 };
  const result = await pass(queue, { relay: lost, isUncertainHeld: true, policy: never });
  assert.deepEqual([result.uncertain, (await queue.show(id)).status], [1, "held"]);
  queue.clock.time += 2 * HOUR_MS;
  await queue.store.requeueDue();
  assert.equal((await pass(queue, {})).sent, 0);
  await queue.store.release({ ids: [id ?? ""] });
  await queue.store.requeueDue();
  await pass(queue, {});
  const { recipients } = await queue.show(id);
  assert.deepEqual(recipients.map(({ state }) => state), ["sent", "failed"]);
});

Deno.test("uncertain: what was plainly deferred is not held", async () => {
  await using queue = await QueueFile.make();
  const [id] = await queue.addMany(1);
  const busy = new ScriptedRelay((delivery) => reportOf(delivery, BUSY));
  await pass(queue, { relay: busy, isUncertainHeld: true });
  assert.equal((await queue.show(id)).status, "deferred");
});

Deno.test("relay: its pause and what was learned end when its settings change", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(5);
  const broken = { relay: relayNamed("default", down), concurrency: 10, rate: null, settings: "a" };
  for (let i = 0; i < 3; i++) await pass(queue, { relays: [broken] });
  assert.equal((await queue.store.relayHealth("default")).failures, 3);
  const well = { ...broken, relay: relayNamed("default") };
  assert.equal((await pass(queue, { relays: [well] })).sent, 0, "the settings are the same");
  const result = await pass(queue, { relays: [{ ...well, settings: "b" }] });
  assert.equal(result.stoppedBy, null);
  assert.ok(result.sent > 0);
  assert.deepEqual((await queue.store.status()).relays, []);
});

Deno.test("clock: a pass a year ahead with the relay down stops nothing once it is set back", async () => {
  await using queue = await QueueFile.make();
  const year = 365 * 24 * HOUR_MS;
  await queue.addMany(6);
  await queue.add({ sendAt: queue.clock.time + 2 * year, recipients: ["later@x.test"] });
  queue.clock.time += year;
  for (let i = 0; i < 4; i++) await pass(queue, { relay: relayNamed("default", down) });
  const throttled = relayNamed("default", (delivery) => reportOf(delivery, LATER));
  await queue.store.retry({}, { dueOnly: false });
  await pass(queue, { relay: throttled });
  queue.clock.time -= year;
  const result = await pass(queue, {});
  assert.deepEqual([result.sent, result.stoppedBy], [6, null]);
  assert.deepEqual(await queue.statuses(), { sent: 6, queued: 1 });
});

Deno.test("clock: mail that waits no longer than it may is left to wait", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(1);
  const scheduleMs = [48 * HOUR_MS];
  const relay = new ScriptedRelay((delivery) => reportOf(delivery, BUSY));
  await pass(queue, { relay, policy: { ...POLICY, scheduleMs } });
  const result = await pass(queue, { policy: { ...POLICY, scheduleMs } });
  assert.equal(result.sent, 0);
  assert.equal((await pass(queue, {})).sent, 1, "by an hourly schedule it is too far ahead");
});
