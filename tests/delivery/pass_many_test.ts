import assert from "node:assert/strict";
import fc from "fast-check";
import type { DeliveryOutcome } from "../../src/queue/ports/transport.ts";
import { deriveStatus, isOpen, type RecipientState } from "../../src/queue/state.ts";
import { HOUR_MS, passOn, POLICY } from "./pass_on.ts";
import { QueueFile } from "./queue_file.ts";
import {
  DEFERRED,
  FAILED,
  RELAY_DOWN,
  reportOf,
  ScriptedRelay,
  SENT,
  UNCERTAIN,
} from "./scripted_relay.ts";

Deno.test("pass: eight at once send each of 500 messages exactly once", async () => {
  await using queue = await QueueFile.make();
  const ids = await queue.addMany(500);
  const all = Promise.withResolvers<void>();
  const relay: ScriptedRelay = new ScriptedRelay(async (delivery, { onDataBegin }) => {
    onDataBegin();
    // Nobody goes on before all eight have a message in hand.
    if (relay.delivered.length === 8) all.resolve();
    await all.promise;
    return reportOf(delivery, SENT);
  });
  const stores = await Promise.all(Array.from({ length: 8 }, () => queue.open()));
  const results = await Promise.all(stores.map((store) => passOn(queue, { store, relay })));
  assert.deepEqual(relay.ids.toSorted(), ids.toSorted());
  assert.equal(results.reduce((sum, result) => sum + result.sent, 0), 500);
  assert.deepEqual(await queue.statuses(), { sent: 500 });
  assert.ok(results.every((result) => result.sent > 0), "the work was shared");
  for (const id of ids) assert.equal((await queue.show(id)).attempts.length, 1);
});

type Play = "sent" | "deferred" | "failed" | "uncertain" | "down" | "throw" | "throw_late";
const OUTCOMES: Partial<Record<Play, DeliveryOutcome>> = {
  sent: SENT,
  deferred: DEFERRED,
  failed: FAILED,
  uncertain: UNCERTAIN,
};

/** Where a recipient may be after a pass that found it in the state named. */
const AFTER_PASS: Readonly<Record<RecipientState, readonly RecipientState[]>> = {
  queued: ["queued", "sent", "deferred", "failed"],
  deferred: ["deferred", "failed"],
  sent: ["sent"],
  failed: ["failed"],
  cancelled: ["cancelled"],
  suppressed: ["suppressed"],
  sending: [],
};

const plays = fc.array(
  fc.constantFrom<Play[]>(
    ...["sent", "sent", "deferred", "failed", "uncertain", "down", "throw", "throw_late"] as const,
  ),
  { minLength: 1, maxLength: 25 },
);
const passes = fc.array(
  fc.record({
    plays,
    concurrency: fc.integer({ min: 1, max: 4 }),
    maxBatch: fc.option(fc.integer({ min: 1, max: 5 })),
    maxDeferred: fc.option(fc.integer({ min: 1, max: 5 })),
    between: fc.constantFrom("retry", "resend", "cancel", "nothing"),
  }),
  { minLength: 1, maxLength: 5 },
);

Deno.test("pass: whatever relays do over several passes, no recipient is lost", async () => {
  const messages = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 8 });
  const retries = fc.option(fc.integer({ min: 0, max: 3 }));
  await fc.assert(
    fc.asyncProperty(messages, passes, retries, async (sizes, script, max) => {
      await using queue = await QueueFile.make();
      const ids = await queue.add(...sizes.map((size) => ({
        recipients: Array.from({ length: size }, (_, n) => `r${n}@x.test`),
      })));
      const accepted = new Map<string, number>();
      let resends = 0;
      for (const { plays, concurrency, maxBatch, maxDeferred, between } of script) {
        const before = await statesOf(queue, ids);
        const relay: ScriptedRelay = new ScriptedRelay((delivery, { onDataBegin }) => {
          const play = (i: number) => plays[(relay.delivered.length + i) % plays.length] ?? "sent";
          if (play(0) === "throw") throw new Error("broken");
          onDataBegin();
          if (play(0) === "throw_late") throw new Error("broken");
          if (play(0) === "down") return reportOf(delivery, RELAY_DOWN);
          const outcomes = delivery.recipients.map((_, i) => OUTCOMES[play(i)] ?? DEFERRED);
          for (const [i, address] of delivery.recipients.entries()) {
            if (outcomes[i] !== SENT) continue;
            const who = `${delivery.id} ${address}`;
            accepted.set(who, (accepted.get(who) ?? 0) + 1);
          }
          return reportOf(delivery, outcomes);
        });
        const policy = { ...POLICY, max };
        const result = await passOn(queue, { relay, concurrency, maxBatch, maxDeferred, policy });

        assert.equal(new Set(relay.ids).size, relay.ids.length, "nothing is tried twice");
        const { sent, deferred, failed, uncertain } = result;
        assert.equal(sent + deferred + failed + uncertain, relay.ids.length);
        if (maxDeferred !== null) assert.ok(deferred + failed + uncertain <= maxDeferred);
        const after = await statesOf(queue, ids);
        for (const [i, states] of after.entries()) {
          for (const [n, state] of states.entries()) {
            const was = before[i]?.[n] ?? "sending";
            assert.ok(AFTER_PASS[was].includes(state), `${was} became ${state}`);
          }
        }
        await assertTotals(queue, ids, result.remaining);
        queue.clock.time += HOUR_MS * 2;
        if (between === "retry") await queue.store.retry({}, { dueOnly: true });
        else if (between === "cancel") await queue.store.cancel({ ids: ids.slice(0, 1) });
        else if (between === "resend") {
          resends++;
          await queue.store.resend({}, { unsentOnly: false });
        }
      }
      for (const id of ids) {
        for (const { address, state } of (await queue.show(id)).recipients) {
          const count = accepted.get(`${id} ${address}`) ?? 0;
          if (state === "sent") assert.ok(count > 0);
          if (resends === 0) assert.equal(count, state === "sent" ? 1 : 0);
        }
      }
    }),
    { numRuns: 60 },
  );
});

async function statesOf(queue: QueueFile, ids: readonly string[]): Promise<RecipientState[][]> {
  return await Promise.all(
    ids.map(async (id) => (await queue.show(id)).recipients.map((one) => one.state)),
  );
}

/** The store's counts are those of its messages, whose status is that of their recipients. */
async function assertTotals(
  queue: QueueFile,
  ids: readonly string[],
  remaining: number,
): Promise<void> {
  const counts: Record<string, number> = {};
  for (const id of ids) {
    const message = await queue.show(id);
    const states = message.recipients.map((one) => one.state);
    assert.equal(message.status, deriveStatus(states, message.isHeld));
    assert.equal(message.recipientsOpen, states.filter(isOpen).length);
    assert.equal(message.recipientsSent, states.filter((state) => state === "sent").length);
    assert.ok(message.tries <= message.attempts.length);
    counts[message.status] = (counts[message.status] ?? 0) + 1;
  }
  const status = await queue.store.status();
  for (const name of ["queued", "sending", "deferred", "sent", "partial", "failed"] as const) {
    assert.equal(status[name], counts[name] ?? 0, name);
  }
  assert.equal(status.sending, 0);
  assert.equal(status.queued, remaining);
}
