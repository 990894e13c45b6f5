import assert from "node:assert/strict";
import { readHindrances } from "../../../src/app/status/hindrances.ts";
import { countWaiting } from "../../../src/app/status/waiting.ts";
import { whyIs } from "../../../src/display/reasons.ts";
import { formatMoment } from "../../../src/display/timestamps.ts";
import { afterFault, afterRefusal } from "../../../src/queue/policy/breaker.ts";
import type { Pause, PausedPart } from "../../../src/queue/policy/pause.ts";
import type { Store } from "../../../src/queue/ports/store.ts";
import { loadFile } from "../../config/fake_machine.ts";
import { TestApp } from "../../support/app.ts";
import { enqueued, MINUTE_MS } from "../../support/queue_messages.ts";

const RELAYS = `
  transport = "null:"
  rate_per_domain = "1/h"
  [relay.bulk]
  url = "null:"
  rate = "1/m"
  [[route]]
  sender = "news@*"
  relays = ["bulk"]
  [[route]]
  recipient = "@both.test"
  relays = ["bulk", "default"]
`;

/** A queue with one message, and why it waits. */
class Waiting implements AsyncDisposable {
  private constructor(readonly app: TestApp, readonly store: Store) {}

  static async make(): Promise<Waiting> {
    const app = await TestApp.make();
    return new Waiting(app, await app.openQueue(await app.settings(), { create: true }));
  }

  async why(id: string): Promise<string> {
    const now = this.app.clock.now();
    const hindrances = await readHindrances(this.store, await loadFile(RELAYS), now);
    const message = await this.store.show(id);
    assert.ok(message !== null);
    return whyIs(message, { isPaused: false, hindrances });
  }

  async pause(part: PausedPart, more: Partial<Pause> = {}): Promise<void> {
    const since = this.app.clock.now();
    const rest = { reason: null, since, until: null, isAutomatic: false, times: 0, refused: [] };
    await this.store.pausePart({ ...part, ...rest, ...more });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app[Symbol.asyncDispose]();
  }
}

Deno.test("why queued mail waits: for the next pass, unless a pause keeps it back", async () => {
  await using queue = await Waiting.make();
  const id = await enqueued(queue.store, {
    sender: "Ann@a.test",
    recipients: ["bob@B.test"],
    tags: ["x"],
  });
  assert.equal(await queue.why(id), "waits for the next pass");
  const until = queue.app.clock.now() + MINUTE_MS;
  await queue.pause({ scope: "sender", value: "other@a.test" });
  await queue.pause({ scope: "domain", value: "a.test" });
  assert.equal(await queue.why(id), "waits for the next pass");
  await queue.pause({ scope: "domain", value: "b.test" }, { reason: "maintenance" });
  assert.equal(await queue.why(id), "the domain b.test is paused: maintenance");
  await queue.store.resumePart({ scope: "domain", value: "b.test" });
  await queue.pause({ scope: "tag", value: "x" }, { until });
  assert.equal(
    await queue.why(id),
    `the tag x is paused until ${formatMoment(until, queue.app.clock.now())}`,
  );
  queue.app.advance(MINUTE_MS);
  assert.equal(await queue.why(id), "waits for the next pass", "it is over");
  await queue.pause({ scope: "sender", value: "ann@a.test" });
  assert.equal(await queue.why(id), "the sender ann@a.test is paused");
  await queue.store.pause();
  assert.equal(await queue.why(id), "the queue is paused");
});

Deno.test("why queued mail waits: for relays that are down or refuse, all of its route", async () => {
  await using queue = await Waiting.make();
  const { store, app } = queue;
  const plain = await enqueued(store, { sender: "ann@a.test", recipients: ["bob@b.test"] });
  const both = await enqueued(store, { sender: "ann@a.test", recipients: ["bob@both.test"] });
  const now = app.clock.now();
  for (let i = 0; i < 3; i++) {
    await store.noteRelay("bulk", (health) => afterFault(health, "no route", now));
  }
  assert.equal(await queue.why(both), "waits for the next pass");
  await store.noteRelay(
    "default",
    (health) =>
      afterRefusal(health, { key: "k", error: "550 limit", hint: null, wait: "quota" }, now),
  );
  const [minute, hour] = [MINUTE_MS, 60 * MINUTE_MS].map((ms) => formatMoment(now + ms, now));
  const refuses = `the relay default refuses our mail: 550 limit; tried again ${hour}`;
  assert.equal(await queue.why(plain), refuses);
  assert.equal(
    await queue.why(both),
    `the relay bulk is down: no route; tried again ${minute}; ${refuses}`,
  );
  app.advance(61 * MINUTE_MS);
  assert.equal(await queue.why(plain), "waits for the next pass");
});

Deno.test("why queued mail waits: for a rate that is used up, the relay's or the domain's", async () => {
  await using queue = await Waiting.make();
  const { store, app } = queue;
  const news = await enqueued(store, { sender: "news@a.test", recipients: ["bob@b.test"] });
  const mail = await enqueued(store, { sender: "ann@a.test", recipients: ["bob@b.test"] });
  await store.takeShares([{ scope: "relay:bulk", rate: { count: 1, perMs: MINUTE_MS } }]);
  assert.match(await queue.why(news), /^the rate of the relay bulk is used up until \d/);
  assert.equal(await queue.why(mail), "waits for the next pass", "it goes by another relay");
  await store.takeShares([{ scope: "domain:b.test", rate: { count: 1, perMs: 60 * MINUTE_MS } }]);
  assert.match(await queue.why(mail), /^the rate of the domain b\.test is used up until \d/);
  app.advance(2 * MINUTE_MS);
  assert.match(await queue.why(news), /^the rate of the domain b\.test/);
});

Deno.test("what waits: what is queued waits for the only relay there is", async () => {
  await using queue = await Waiting.make();
  const { store, app } = queue;
  await enqueued(store);
  await enqueued(store);
  for (let i = 0; i < 3; i++) {
    await store.noteRelay("default", (health) => afterFault(health, "down", app.clock.now()));
  }
  await queue.pause({ scope: "tag", value: "x" });
  const status = await store.status();
  const relay = { scope: "relay", value: "default" } as const;
  assert.equal((await countWaiting(store, status, { relayCount: 1 }))(relay), 2);
  const waiting = await countWaiting(store, status, { relayCount: 2 });
  assert.equal(waiting(relay), 0);
  assert.equal(waiting({ scope: "tag", value: "x" }), 0);
});
