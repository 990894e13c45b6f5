import assert from "node:assert/strict";
import { passOn } from "./pass_on.ts";
import { alteredStore } from "./altered_store.ts";
import { QueueFile } from "./queue_file.ts";
import { aborted, reportOf, type Script, ScriptedRelay, SENT, STOPPED } from "./scripted_relay.ts";
import { FINISH_MS, quickWaits } from "./waits.ts";

/** The first message is sent; of the others every second one is in DATA until `finish`, the
 *  rest waits for the signal. */
function halfInData(finish: Promise<void>): Script {
  let n = 0;
  return async (delivery, { onDataBegin, signal }) => {
    const mine = n++;
    if (mine > 0 && mine % 2 === 0) {
      await aborted(signal);
      return reportOf(delivery, STOPPED);
    }
    onDataBegin();
    if (mine > 0) await finish;
    return reportOf(delivery, SENT);
  };
}

Deno.test("pass: told to stop, it finishes what is in DATA and gives the rest back", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(30);
  const stop = new AbortController();
  const finish = Promise.withResolvers<void>();
  const relay: ScriptedRelay = new ScriptedRelay(halfInData(finish.promise));
  const waits = quickWaits();
  const pass = passOn(queue, { relay, concurrency: 4, signal: stop.signal, wait: waits.wait });
  await relay.started(5);
  stop.abort();
  await waits.begun(FINISH_MS);
  finish.resolve();
  const result = await pass;
  assert.equal(result.stoppedBy, "signal");
  assert.equal(result.sent, 3);
  assert.deepEqual([result.deferred, result.failed, result.uncertain], [0, 0, 0]);
  assert.equal(result.remaining, 27);
  assert.equal(relay.delivered.length, 5);
  assert.equal(relay.closed, relay.opened);
  assert.deepEqual(await queue.statuses(), { queued: 27, sent: 3 });
  for (const id of relay.ids) assert.ok((await queue.show(id)).attempts.length <= 1);
  assert.equal(waits.open(FINISH_MS), 0, "the cut-off is called off");
});

Deno.test("pass: told to stop, others may have what it had in hand while it still finishes", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(6);
  const stop = new AbortController();
  const finish = Promise.withResolvers<void>();
  const relay: ScriptedRelay = new ScriptedRelay(halfInData(finish.promise));
  const pass = passOn(queue, { relay, concurrency: 2, signal: stop.signal });
  await relay.started(3);
  stop.abort();
  const other = new ScriptedRelay();
  let sent = 0;
  // The one that was given back comes free as soon as its hand-over ends.
  while (sent < 4) sent += (await passOn(queue, { relay: other })).sent;
  assert.equal(relay.busy, 1, "one is still in DATA");
  finish.resolve();
  assert.equal((await pass).sent, 2);
  assert.deepEqual(await queue.statuses(), { sent: 6 });
});

Deno.test("pass: after 60 s the messages still in DATA are left as uncertain", async () => {
  await using queue = await QueueFile.make();
  const ids = await queue.addMany(6);
  const stop = new AbortController();
  const never = Promise.withResolvers<void>();
  const relay: ScriptedRelay = new ScriptedRelay(halfInData(never.promise));
  const waits = quickWaits();
  const pass = passOn(queue, { relay, concurrency: 3, signal: stop.signal, wait: waits.wait });
  await relay.started(4);
  stop.abort();
  await waits.begun(FINISH_MS);
  waits.pass(FINISH_MS);
  const result = await pass;
  assert.equal(result.sent, 1);
  assert.equal(result.stoppedBy, "signal");
  assert.equal(result.remaining, 5);
  const attempts = await Promise.all(ids.map(async (id) => (await queue.show(id)).attempts));
  assert.deepEqual(
    attempts.map((all) => all.map((attempt) => attempt.result)),
    [["sent"], ["uncertain"], [], ["uncertain"], [], []],
  );
  // What still comes is nobody's business any more.
  never.resolve();
  while (relay.closed < relay.opened) await Promise.resolve();
  assert.deepEqual(await queue.statuses(), { queued: 5, sent: 1 });
});

Deno.test("pass: a transport that ignores the signal cannot hold it beyond the 60 s", async () => {
  await using queue = await QueueFile.make();
  const [id] = await queue.addMany(1);
  const stop = new AbortController();
  const never = new Promise<void>(() => {});
  const relay: ScriptedRelay = new ScriptedRelay(async (delivery) => {
    await never;
    return reportOf(delivery, SENT);
  });
  const waits = quickWaits();
  const pass = passOn(queue, { relay, signal: stop.signal, wait: waits.wait });
  await relay.started(1);
  stop.abort();
  await waits.begun(FINISH_MS);
  waits.pass(FINISH_MS);
  assert.equal((await pass).remaining, 1);
  assert.deepEqual((await queue.show(id)).attempts, []);
});

Deno.test("pass: told to stop before it begins, it does nothing", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(3);
  const relay: ScriptedRelay = new ScriptedRelay();
  const result = await passOn(queue, { relay, signal: AbortSignal.abort() });
  assert.equal(relay.opened, 0);
  assert.equal(result.stoppedBy, "signal");
  assert.equal(result.remaining, 3);
});

Deno.test("pass: told to stop while it claims, it gives the claims back", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(3);
  const stop = new AbortController();
  const store = alteredStore(queue.store, {
    claimDue: async (...args: Parameters<typeof queue.store.claimDue>) => {
      const batch = await queue.store.claimDue(...args);
      stop.abort();
      return batch;
    },
  });
  const relay: ScriptedRelay = new ScriptedRelay();
  const result = await passOn(queue, { relay, store, signal: stop.signal });
  assert.equal(relay.opened, 0);
  assert.equal(result.stoppedBy, "signal");
  assert.deepEqual(await queue.statuses(), { queued: 3 });
});

Deno.test("pass: told to stop, what was given back keeps its place", async () => {
  await using queue = await QueueFile.make();
  const ids = await queue.addMany(4);
  const stop = new AbortController();
  const relay: ScriptedRelay = new ScriptedRelay(async (delivery, { signal }) => {
    if (relay.delivered.length === 1) return reportOf(delivery, SENT);
    await aborted(signal);
    return reportOf(delivery, STOPPED);
  });
  const pass = passOn(queue, { relay, concurrency: 2, signal: stop.signal });
  await relay.started(3);
  stop.abort();
  await pass;
  const next = new ScriptedRelay();
  await passOn(queue, { relay: next, concurrency: 1 });
  assert.deepEqual(next.ids, ids.slice(1));
});

Deno.test("pass: a queue that is paused has nothing to send", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(3);
  await queue.store.pause();
  const relay: ScriptedRelay = new ScriptedRelay();
  const result = await passOn(queue, { relay });
  assert.equal(relay.opened, 0);
  assert.equal(result.stoppedBy, "paused");
  assert.equal(result.remaining, 3);
});

Deno.test("pass: paused in the middle, it ends after the message in hand", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(5);
  const relay: ScriptedRelay = new ScriptedRelay(async (delivery) => {
    queue.clock.time += 1000; // so slow that nothing is claimed ahead
    if (relay.delivered.length === 2) await queue.store.pause();
    return reportOf(delivery, SENT);
  });
  const result = await passOn(queue, { relay, concurrency: 1 });
  assert.equal(result.sent, 2);
  assert.equal(result.stoppedBy, "paused");
  assert.equal(result.remaining, 3);
  await queue.store.resume();
  assert.equal((await passOn(queue)).sent, 3);
});
