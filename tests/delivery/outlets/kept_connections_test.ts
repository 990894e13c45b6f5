import assert from "node:assert/strict";
import { KeptConnections } from "../../../src/delivery/outlets/kept_connections.ts";
import type { Delivery } from "../../../src/queue/ports/transport.ts";
import { accept, DEFERRED, FAILED, reportOf, ScriptedRelay, SENT } from "../scripted_relay.ts";
import { planOf } from "../several_relays.ts";

const DELIVERY: Delivery = {
  id: "0123456789ab",
  sender: "a@x.test",
  recipients: ["b@x.test", "c@x.test"],
  content: new Uint8Array(),
  sizeBytes: 0,
  dotLines: 0,
  isEightBit: false,
};

/** Waits that end when the test says so. */
class Waits {
  #pending = new Set<() => void>();

  readonly wait = (_ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const end = () => {
        this.#pending.delete(end);
        resolve();
      };
      this.#pending.add(end);
      signal.addEventListener("abort", end, { once: true });
    });

  get count(): number {
    return this.#pending.size;
  }

  async endAll(): Promise<void> {
    for (const end of [...this.#pending]) end();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function keeping(relay = new ScriptedRelay(accept)) {
  const waits = new Waits();
  const kept = new KeptConnections(waits.wait);
  const [plan] = kept.replace([planOf(relay)]);
  assert.ok(plan !== undefined);
  /** One round: opens a connection, hands a message over, closes. */
  const round = async (signal = new AbortController().signal) => {
    const transport = plan.relay.open();
    const report = await transport.deliver(DELIVERY, { onDataBegin() {}, signal });
    await transport.close();
    return report;
  };
  return { relay, waits, kept, round, plan };
}

Deno.test("kept connections: the next round uses the one of the last", async () => {
  const { relay, waits, kept, round } = keeping();
  for (let n = 0; n < 5; n++) await round();
  assert.deepEqual([relay.opened, relay.closed, waits.count], [1, 0, 1]);
  await kept.close();
  assert.deepEqual([relay.opened, relay.closed, waits.count], [1, 1, 0]);
});

Deno.test("kept connections: one that nobody uses for a while is closed", async () => {
  const { relay, waits, round } = keeping();
  await round();
  await waits.endAll();
  assert.deepEqual([relay.opened, relay.closed, waits.count], [1, 1, 0]);
  await round();
  assert.equal(relay.opened, 2);
});

Deno.test("kept connections: no two hand-overs share one", async () => {
  const { relay, kept, plan, round } = keeping();
  await round();
  const [one, two] = [plan.relay.open(), plan.relay.open()];
  assert.equal(relay.opened, 2);
  await Promise.all([one.close(), two.close()]);
  await kept.close();
  assert.equal(relay.closed, 2);
});

Deno.test("kept connections: after a failure, an error or a stop none is kept", async () => {
  for (
    const script of [
      () => reportOf(DELIVERY, [SENT, FAILED]),
      () => reportOf(DELIVERY, DEFERRED),
      () => Promise.reject(new Error("broken")),
    ]
  ) {
    const { relay, waits, plan } = keeping(new ScriptedRelay(script));
    const transport = plan.relay.open();
    const signal = new AbortController().signal;
    await transport.deliver(DELIVERY, { onDataBegin() {}, signal }).catch(() => {});
    await transport.close();
    assert.deepEqual([relay.closed, waits.count], [1, 0]);
  }
  const { relay, round } = keeping();
  await round(AbortSignal.abort());
  assert.equal(relay.closed, 1);
});

Deno.test("kept connections: those of relays that were replaced are closed, in use or not", async () => {
  const { relay, waits, kept, plan, round } = keeping();
  await round();
  const idle = plan.relay.open();
  await round();
  const other = new ScriptedRelay(accept);
  kept.replace([planOf(other)]);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(relay.closed, 1, "the idle one");
  await idle.deliver(DELIVERY, { onDataBegin() {}, signal: new AbortController().signal });
  await idle.close();
  assert.deepEqual([relay.opened, relay.closed, waits.count], [2, 2, 0]);
});
