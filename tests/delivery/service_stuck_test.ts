import assert from "node:assert/strict";
import type { Store } from "../../src/queue/ports/store.ts";
import type { WholeMessage } from "../../src/queue/message.ts";
import { RunningService } from "./run_service.ts";
import { accept } from "./scripted_relay.ts";
import { planOf, relayNamed } from "./several_relays.ts";

/** A service that has sent one message, and holds another that its relay has begun to take and
 *  does not answer before it is disposed of. */
class StuckService implements AsyncDisposable {
  readonly #answer = Promise.withResolvers<void>();
  #slow = "";
  onDelivery = () => {};
  readonly relay = relayNamed("default", async (delivery, options) => {
    this.onDelivery();
    const report = accept(delivery, options);
    if (delivery.id === this.#slow) await this.#answer.promise;
    return report;
  });
  #watched: { readonly ms: number; readonly resolve: () => void } | null = null;

  private constructor(readonly service: RunningService, readonly other: Store) {}

  static async make(): Promise<StuckService> {
    // The relay is the plan's from the first round on.
    const service = await RunningService.make(relayNamed("default"));
    const stuck = new StuckService(service, await service.queue.open());
    service.change({ pass: service.pass({ relays: [planOf(stuck.relay)] }) });
    await stuck.#begin();
    return stuck;
  }

  async #begin(): Promise<void> {
    const { service, other, relay } = this;
    await service.queue.add({});
    service.start({
      machine: {
        clock: service.queue.clock,
        random: service.queue.random,
        wait: (ms, signal) => {
          const wait = service.wait(ms, signal);
          if (ms === this.#watched?.ms) this.#watched.resolve();
          return wait;
        },
      },
    });
    await service.idle(1);
    const message = service.queue.message();
    this.#slow = message.id;
    const isQuiet = this.waitOf(60_000);
    await other.enqueue([message]);
    await relay.started(2);
    await isQuiet;
  }

  /** Resolves once the service waits for so long. */
  waitOf(ms: number): Promise<void> {
    return new Promise((resolve) => this.#watched = { ms, resolve });
  }

  async add(more: Partial<WholeMessage> = {}): Promise<void> {
    await this.other.enqueue([this.service.queue.message(more)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#answer.resolve();
    await this.service[Symbol.asyncDispose]();
  }
}

Deno.test("service: a hand-over that takes long holds up no other mail", async () => {
  await using stuck = await StuckService.make();
  const { service, relay } = stuck;
  for (let n = 3; n <= 5; n++) {
    const isQuiet = stuck.waitOf(60_000);
    await stuck.add();
    await relay.started(n);
    await isQuiet;
  }
  const waitsForIt = stuck.waitOf(5_000);
  await stuck.add({ sendAt: service.queue.clock.time + 5_000 });
  await waitsForIt;
  service.advance(5_000);
  await relay.started(6);
  assert.equal(service.results.length, 1, "it is still the same round");
});

Deno.test("service: a round whose time is over waits a second for a hand-over, then goes on", async () => {
  await using stuck = await StuckService.make();
  const { service, relay } = stuck;
  const waitsForEnd = stuck.waitOf(1_000);
  stuck.onDelivery = () => void (service.queue.clock.time += 10_000);
  await stuck.add();
  await waitsForEnd;
  await stuck.add();
  assert.equal(relay.ids.length, 3);
  service.advance(1_000);
  await relay.started(4);
  assert.equal(service.results.length, 1, "it is still the same round");
});
