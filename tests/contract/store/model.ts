import assert from "node:assert/strict";
import fc from "fast-check";
import type { Claim } from "../../../src/queue/claim.ts";
import { PRIORITIES } from "../../../src/queue/message.ts";
import type { Filter } from "../../../src/queue/filter.ts";
import type { WorkerHandle } from "../../../src/queue/ports/claims.ts";
import { isOpen, type RecipientEvent } from "../../../src/queue/state.ts";
import { attemptOf, type Ending, newMessage } from "../../support/queue_messages.ts";
import { type ModelMessage, QueueModel } from "../../support/queue_model.ts";
import type { StoreFixture, TestStore } from "../store_contract.ts";
import { allEvents } from "./events.ts";

const ADDRESSES = ["a@x.test", "b@x.test", "c@x.test"];
const ENDINGS: readonly (readonly [RecipientEvent, Ending])[] = [
  ["accept", "sent"],
  ["reject", "failed"],
  ["exhaust", "exhausted"],
  ["defer", { retryAt: 0 }],
];

/** What one step does, with a number that picks among whatever there is to pick from. */
const STEP = fc.oneof(
  fc.record({
    do: fc.constant("enqueue" as const),
    recipients: fc.subarray(ADDRESSES, { minLength: 1 }),
    priority: fc.constantFrom(...PRIORITIES),
    sendIn: fc.option(fc.integer({ min: -5, max: 30 })),
    expiresIn: fc.option(fc.integer({ min: 1, max: 60 })),
    isHeld: fc.boolean(),
    isStaged: fc.boolean(),
  }),
  fc.record({
    do: fc.constantFrom("claim" as const, "record" as const, "begin" as const),
    pick: fc.nat(9),
    endings: fc.array(fc.option(fc.nat(3)), { minLength: 3, maxLength: 3 }),
  }),
  fc.record({
    do: fc.constantFrom(
      "giveBack" as const,
      "die" as const,
      "retry" as const,
      "resend" as const,
      "cancel" as const,
      "hold" as const,
      "release" as const,
      "purge" as const,
      "suppress" as const,
      "wait" as const,
      "expire" as const,
    ),
    pick: fc.nat(9),
    flag: fc.boolean(),
  }),
);
type Step = typeof STEP extends fc.Arbitrary<infer T> ? T : never;

export function modelTests(test: TestStore): void {
  for (const seed of [1, 2, 3]) {
    test(`whatever is done to it, the queue is as the model says (${seed})`, async (fixture) => {
      const steps = fc.array(STEP, { minLength: 10, maxLength: 60, size: "max" });
      await fc.assert(
        fc.asyncProperty(steps, async (some) => {
          const run = new ModelRun(fixture);
          try {
            for (const step of some) await run.take(step);
            await run.compare();
            await fixture.verify();
          } finally {
            await run.clear();
          }
        }),
        { seed, numRuns: 12 },
      );
    });
  }
}

/** A store and the model, side by side. */
class ModelRun {
  readonly model = new QueueModel();
  readonly #claims = new Map<string, Claim>();
  readonly #workers: WorkerHandle[] = [];

  constructor(readonly fixture: StoreFixture) {}

  async take(step: Step): Promise<void> {
    const { store, clock } = this.fixture;
    const now = clock.now();
    const { model } = this;
    if (step.do === "enqueue") return await this.#enqueue(step);
    const claimed = model.messages.filter((each) => each.claim !== null);
    const held = claimed[step.pick % Math.max(1, claimed.length)];
    if (!("flag" in step)) return await this.#deliver(step, held);
    const one = model.messages[step.pick % Math.max(1, model.messages.length)];
    const { pick, flag } = step;
    // Half of the actions mean one message, the others all.
    const chosen = flag || one === undefined ? model.messages : [one];
    const filter: Filter = flag || one === undefined ? {} : { ids: [one.id] };
    switch (step.do) {
      case "giveBack":
        if (held === undefined) return;
        await store.giveBack([this.#claimOf(held)]);
        return model.giveBack(held, now);
      case "die": {
        const dead = this.#workers[pick % 2];
        if (dead === undefined) return;
        this.fixture.abandon(dead);
        delete this.#workers[pick % 2];
        return assert.equal(await store.takeOver(), model.lose(pick % 2, now));
      }
      case "retry": {
        const until = pick < 5 ? now : Infinity;
        const { requeued } = await store.retry(filter, { dueOnly: pick < 5 });
        return assert.equal(requeued, model.retry(chosen, until, now));
      }
      case "resend": {
        const { changed } = await store.resend(filter, { unsentOnly: pick < 5 });
        return assert.equal(changed, model.resend(chosen, pick < 5, now));
      }
      case "cancel":
        return assert.equal((await store.cancel(filter)).changed, model.cancel(chosen));
      case "hold":
        return assert.equal((await store.hold(filter)).changed, model.hold(chosen));
      case "release":
        return assert.equal((await store.release(filter)).changed, model.release(chosen, now));
      case "purge": {
        const purged = await store.purge(filter, { finalBefore: null, includeOpen: pick > 7 });
        return assert.equal(purged, model.purge(chosen, pick > 7));
      }
      case "suppress": {
        const address = ADDRESSES[pick % 3] ?? "";
        if (flag) await store.suppress([address], null);
        else await store.unsuppress([address]);
        return void (flag ? model.suppressed.add(address) : model.suppressed.delete(address));
      }
      case "wait":
        return void clock.advance(pick * 3);
      case "expire":
        return assert.equal(await store.expireDue(), model.expireDue(now));
    }
  }

  async #deliver(
    step: Extract<Step, { endings: unknown }>,
    held: ModelMessage | undefined,
  ): Promise<void> {
    if (step.do === "claim") return await this.#claim(step.pick % 2, 1 + step.pick % 3);
    if (held === undefined || held.claim === null) return;
    if (step.do === "record") return await this.#record(held, step.endings);
    this.#workers[held.claim.worker]?.noteDataBegun(this.#claimOf(held).token);
    held.claim.hasBegun = true;
  }

  async #enqueue(step: Extract<Step, { do: "enqueue" }>): Promise<void> {
    const { store, clock } = this.fixture;
    const now = clock.now();
    const message = newMessage({
      recipients: step.recipients,
      priority: step.priority,
      createdAt: now,
      sendAt: step.sendIn === null ? null : now + step.sendIn,
      expiresAt: step.expiresIn === null ? null : now + step.expiresIn,
      isHeld: step.isHeld,
    });
    if (step.isStaged) {
      const stage = await store.stage();
      await stage.add([message]);
      await stage.commit();
    } else await store.enqueue([message]);
    this.model.enqueue(message, now);
  }

  async #claim(index: number, limit: number): Promise<void> {
    const { store, clock } = this.fixture;
    const worker = await this.#worker(index);
    const { claims } = await store.claimDue({ worker, limit, onlyUntried: false });
    assert.deepEqual(
      claims.map(({ id }) => id),
      this.model.claim(index, limit, clock.now()),
    );
    for (const claim of claims) this.#claims.set(claim.id, claim);
  }

  async #record(one: ModelMessage, picks: readonly (number | null)[]): Promise<void> {
    const { store, clock } = this.fixture;
    const now = clock.now();
    const claim = this.#claimOf(one);
    const endings: Record<number, Ending> = {};
    const events: [number, RecipientEvent, number | null][] = [];
    for (const { n } of claim.recipients) {
      const picked = picks[n];
      const [event, ending] = ENDINGS[picked ?? -1] ?? [];
      if (event === undefined || ending === undefined) continue; // not reached
      const nextAt = now + 10 * (n + 1);
      endings[n] = event === "defer" ? { retryAt: nextAt } : ending;
      events.push([n, event, nextAt]);
    }
    assert.deepEqual(await store.record([attemptOf(claim, endings)]), { lost: [] });
    this.model.record(one, events, now);
  }

  #claimOf(one: ModelMessage): Claim {
    const claim = this.#claims.get(one.id);
    assert(claim !== undefined);
    return claim;
  }

  async #worker(index: number): Promise<WorkerHandle> {
    return this.#workers[index] ??= await this.fixture.store.registerWorker("test");
  }

  /** Fails where the store and the model differ. */
  async compare(): Promise<void> {
    const { store } = this.fixture;
    const all = { sort: "oldest", after: null, limit: 0 } as const;
    await this.#compareEvents();
    const listed = await Array.fromAsync(store.list({}, all));
    assert.deepEqual(listed.map(({ id }) => id), this.model.messages.map(({ id }) => id));
    const counts = new Map<string, number>();
    for (const one of this.model.messages) {
      const shown = await store.show(one.id);
      assert.deepEqual(
        [shown?.status, shown?.isHeld, shown?.attempts.length, shown?.recipientsOpen],
        [this.model.status(one), one.held, one.attempts, one.states.filter(isOpen).length],
      );
      assert.deepEqual(shown?.recipients.map(({ state }) => state), one.states);
      const nextAt = one.nextAt.filter((at) => at !== null);
      const scheduled = one.isScheduled ? one.message.sendAt : null;
      assert.equal(
        shown?.nextAttemptAt,
        nextAt.length > 0 ? Math.min(...nextAt) : scheduled,
      );
      const sendAt = one.message.sendAt ?? 0;
      const isAhead = one.isScheduled && sendAt > this.fixture.clock.now();
      const status = isAhead ? "scheduled" : this.model.status(one);
      counts.set(status, (counts.get(status) ?? 0) + 1);
    }
    for (const [name, n] of Object.entries(await store.status())) {
      if (typeof n !== "number" || /At$/.test(name)) continue;
      assert.equal(n, counts.get(name) ?? 0, name);
    }
  }

  /** Fails where what was told of a message is not what became of it. Of recipients that were resent
   *  or cancelled only the count is told. */
  async #compareEvents(): Promise<void> {
    const told = new Map<string, { held: boolean; isKnown: boolean; ends: Map<string, string> }>();
    for (const { type, fields } of await allEvents(this.fixture.store)) {
      const id = String(fields.id);
      const [what, change = ""] = type.split(".");
      if (change === "enqueued") {
        told.set(id, { held: fields.held === true, isKnown: true, ends: new Map() });
      }
      const one = told.get(id);
      if (one === undefined) continue;
      if (change === "purged") told.delete(id);
      if (change === "held" || change === "released") one.held = change === "held";
      if (change === "resent" || change === "cancelled") one.isKnown = false;
      if (what === "recipient") one.ends.set(String(fields.address), change);
    }
    assert.deepEqual(
      [...told.keys()].toSorted(),
      this.model.messages.map(({ id }) => id).toSorted(),
    );
    for (const { id, message, states, held } of this.model.messages) {
      const one = told.get(id);
      if (!one?.isKnown) continue;
      if (states.some(isOpen)) assert.equal(one.held, held, "held as it was told");
      for (const [n, address] of message.recipients.entries()) {
        const state = states[n];
        const end = one.ends.get(address);
        if (state !== undefined && !isOpen(state)) assert.equal(end, state);
        else assert.ok(end === undefined || end === "deferred" || end === "uncertain", end);
      }
    }
  }

  async clear(): Promise<void> {
    const { store } = this.fixture;
    for (const worker of this.#workers) await worker?.close();
    await store.purge({}, { finalBefore: null, includeOpen: true });
    await store.unsuppress(ADDRESSES);
  }
}
