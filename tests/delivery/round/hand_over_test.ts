import assert from "node:assert/strict";
import {
  type HandedOver,
  handOver,
  type HandOverTools,
  type Via,
} from "../../../src/delivery/round/hand_over.ts";
import { Pauses } from "../../../src/delivery/outlets/pauses.ts";
import type { Claim } from "../../../src/queue/claim.ts";
import type { Store } from "../../../src/queue/ports/store.ts";
import type { Clock } from "../../../src/system/time.ts";
import { POLICY } from "../pass_on.ts";
import { alteredStore } from "../altered_store.ts";
import { QueueFile } from "../queue_file.ts";
import {
  aborted,
  accept,
  contentOf,
  DEFERRED,
  FAILED,
  RELAY_DOWN,
  reportOf,
  type Script,
  ScriptedRelay,
  SENT,
  STOPPED,
  UNCERTAIN,
} from "../scripted_relay.ts";

const THREE = ["a@x.test", "b@x.test", "c@x.test"];

interface Situation {
  readonly recipients?: readonly string[];
  readonly content?: Uint8Array;
  readonly script: Script;
  readonly via?: Partial<Via>;
  readonly tools?: (queue: QueueFile) => Partial<HandOverTools>;
  readonly clock?: (queue: QueueFile) => Clock;
  readonly claim?: (claim: Claim) => Claim;
}

/** Hands one message of a real queue over. */
async function handOverOne(situation: Situation): Promise<HandedOver> {
  await using queue = await QueueFile.make();
  await queue.add({
    ...(situation.recipients === undefined ? {} : { recipients: situation.recipients }),
    ...(situation.content === undefined ? {} : { content: situation.content }),
  });
  const { worker, claim } = await queue.claimOne();
  try {
    return await handOver(
      situation.claim?.(claim) ?? claim,
      {
        transport: new ScriptedRelay(situation.script).open(),
        relay: "test",
        isLast: true,
        refusal: null,
        suspicions: new Map(),
        isToldOften: false,
        connections: { othersThan: () => 0 },
        ...situation.via,
      },
      {
        store: queue.store,
        worker,
        pauses: new Pauses(queue.store, queue.clock),
        judging: { policy: POLICY, rules: [], errorHandler: null, isUncertainHeld: false },
        machine: { clock: situation.clock?.(queue) ?? queue.clock, random: queue.random },
        signal: new AbortController().signal,
        ...situation.tools?.(queue),
      },
    );
  } finally {
    await worker.close();
  }
}

const outcomes = ({ attempt }: HandedOver) =>
  attempt?.changes.map(({ address, outcome, state }) => `${address} ${outcome} ${state}`);

Deno.test("handOver: each recipient gets the outcome the relay gave it", async () => {
  const end = await handOverOne({
    recipients: THREE,
    script: (delivery) => reportOf(delivery, [SENT, FAILED, DEFERRED]),
  });
  assert.deepEqual(outcomes(end), [
    "a@x.test sent sent",
    "b@x.test failed failed",
    "c@x.test deferred deferred",
  ]);
  assert.equal(end.attempt?.result, "partial");
  assert.equal(end.attempt?.code, 550, "the worst outcome speaks for the attempt");
  assert.equal(end.attempt?.host, "relay.test:25");
  assert.equal(end.attempt?.transcript, "C: QUIT");
  assert.equal(end.hasAnswered, true);
  assert.equal(end.relayFault, null);
});

Deno.test("handOver: its time is measured on the clock given", async () => {
  const end = await handOverOne({
    script: accept,
    clock: ({ clock }) => ({ now: () => clock.time++ }),
  });
  assert.equal(end.attempt?.durationMs, 1);
});

Deno.test("handOver: a clock that goes back makes no negative duration", async () => {
  const end = await handOverOne({
    script: accept,
    clock: ({ clock }) => ({ now: () => clock.time-- }),
  });
  assert.equal(end.attempt?.durationMs, 0);
});

Deno.test("handOver: a transport that throws before the bytes defers with its traceback", async () => {
  const end = await handOverOne({
    script: () => {
      throw new TypeError("no such method");
    },
  });
  assert.deepEqual(outcomes(end), ["bob@receiver.test deferred deferred"]);
  assert.match(end.attempt?.error ?? "", /Cannot hand the message over: no such method/);
  assert.match(end.attempt?.traceback ?? "", /TypeError: no such method\n +at .*hand_over_test/);
  assert.equal(end.isTransportBroken, true);
  assert.equal(end.relayFault, null);
  assert.equal(end.hasAnswered, false, "nobody answered");
});

Deno.test("handOver: a transport that throws after the bytes began is uncertain", async () => {
  const end = await handOverOne({
    recipients: THREE,
    script: (_, { onDataBegin }) => {
      onDataBegin();
      throw new TypeError("no such method");
    },
  });
  assert.equal(end.attempt?.result, "uncertain");
  assert.deepEqual(
    outcomes(end),
    THREE.map((address) => `${address} uncertain deferred`),
  );
});

Deno.test("handOver: what is thrown and no Error is told all the same", async () => {
  const end = await handOverOne({ script: () => Promise.reject("plain text") });
  assert.match(end.attempt?.error ?? "", /plain text/);
  assert.equal(end.attempt?.traceback, null);
});

Deno.test("handOver: a recipient that the transport forgot is uncertain", async () => {
  const end = await handOverOne({
    recipients: THREE,
    script: (delivery) => reportOf(delivery, [SENT]),
  });
  assert.deepEqual(outcomes(end), [
    "a@x.test sent sent",
    "b@x.test uncertain deferred",
    "c@x.test uncertain deferred",
  ]);
});

Deno.test("handOver: a fault of the relay for every recipient is one of the relay", async () => {
  const end = await handOverOne({
    recipients: THREE,
    script: (delivery) => reportOf(delivery, RELAY_DOWN),
  });
  assert.equal(end.relayFault?.blame, "relay");
  assert.equal(end.hasAnswered, false);
  assert.deepEqual(end.attempt?.changes.map((change) => change.failures), [0, 0, 0]);
});

Deno.test("handOver: a fault for a part of the recipients is none of the relay", async () => {
  const end = await handOverOne({
    recipients: THREE,
    script: (delivery) => reportOf(delivery, [RELAY_DOWN, SENT, RELAY_DOWN]),
  });
  assert.equal(end.relayFault, null);
  assert.equal(end.hasAnswered, true);
});

Deno.test("handOver: a connection that broke proves nothing of the relay", async () => {
  const lost = { ...DEFERRED, code: null, enhanced: null };
  const end = await handOverOne({ script: (delivery) => reportOf(delivery, lost) });
  assert.equal(end.hasAnswered, false);
  assert.equal(end.relayFault, null);
});

Deno.test("handOver: stopped before the bytes, nothing happened", async () => {
  const stop = new AbortController();
  const end = await handOverOne({
    script: async (delivery, { signal }) => {
      queueMicrotask(() => stop.abort());
      await aborted(signal);
      return reportOf(delivery, STOPPED);
    },
    tools: () => ({ signal: stop.signal }),
  });
  assert.equal(end.attempt, null);
});

Deno.test("handOver: stopped, it keeps what the relay has said already", async () => {
  const stop = new AbortController();
  const end = await handOverOne({
    recipients: THREE,
    script: (delivery) => {
      stop.abort();
      return reportOf(delivery, [FAILED, STOPPED, STOPPED]);
    },
    tools: () => ({ signal: stop.signal }),
  });
  assert.deepEqual(outcomes(end), ["a@x.test failed failed"]);
  assert.equal(end.attempt?.result, "failed");
});

Deno.test("handOver: stopped, a second transaction that did not begin uses up no retry", async () => {
  const stop = new AbortController();
  const end = await handOverOne({
    recipients: THREE,
    script: (delivery, { onDataBegin }) => {
      onDataBegin();
      stop.abort();
      return reportOf(delivery, [SENT, STOPPED, STOPPED]);
    },
    tools: () => ({ signal: stop.signal }),
  });
  assert.deepEqual(outcomes(end), ["a@x.test sent sent"]);
});

Deno.test("handOver: stopped, an uncertain end is recorded as such", async () => {
  const stop = new AbortController();
  const end = await handOverOne({
    script: (delivery, { onDataBegin }) => {
      onDataBegin();
      stop.abort();
      return reportOf(delivery, UNCERTAIN);
    },
    tools: () => ({ signal: stop.signal }),
  });
  assert.equal(end.attempt?.result, "uncertain");
});

Deno.test("handOver: a start that cannot be noted is our trouble, not the message's", async () => {
  const trouble = new Error("No space left on device");
  let isSent = false;
  const end = await handOverOne({
    script: (delivery, { onDataBegin }) => {
      try {
        onDataBegin();
        isSent = true;
      } catch {
        return reportOf(delivery, { ...STOPPED, text: "cannot begin" });
      }
      return reportOf(delivery, SENT);
    },
    tools: () => ({
      worker: {
        id: 1,
        noteDataBegun() {
          throw trouble;
        },
        noteIdle() {},
        beat: () => Promise.resolve(),
        close: () => Promise.resolve(),
      },
    }),
  });
  assert.equal(isSent, false);
  assert.equal(end.attempt, null);
  assert.equal(end.trouble?.error, trouble);
});

Deno.test("handOver: the bytes arrive as they were stored, small or in pieces", async () => {
  for (const sizeBytes of [0, 1, 1000, 256 * 1024, 256 * 1024 + 1, 1_000_000]) {
    const content = new Uint8Array(sizeBytes).map((_, i) => i * 31);
    const end = await handOverOne({
      content,
      script: async (delivery) => {
        const isWhole = delivery.content instanceof Uint8Array;
        assert.equal(isWhole, sizeBytes <= 256 * 1024, "what is large is not held in memory");
        for (let time = 0; time < 2; time++) {
          const got = await contentOf(delivery);
          assert.equal(got.length, sizeBytes);
          assert.ok(got.every((byte, i) => byte === content[i]), `${sizeBytes} bytes`);
        }
        return reportOf(delivery, SENT);
      },
    });
    assert.equal(end.attempt?.result, "sent", end.attempt?.error ?? "");
  }
});

/** A store that has other pieces than it should. */
function damaged(queue: QueueFile, pieces: readonly number[]): Store {
  return alteredStore(queue.store, {
    async *content() {
      for (const size of pieces) yield new Uint8Array(size);
    },
  });
}

for (
  const [name, pieces] of [
    ["missing", []],
    ["short", [10]],
    ["without its end", [10, 10]],
    ["too long", [10, 10, 10, 1]],
  ] as const
) {
  Deno.test(`handOver: a stored body that is ${name} never passes for the whole`, async () => {
    let isEnded = false;
    const end = await handOverOne({
      claim: (claim) => ({ ...claim, sizeBytes: 30, content: null }),
      tools: (queue) => ({ store: damaged(queue, pieces) }),
      script: async (delivery) => {
        if (delivery.content instanceof Uint8Array) assert.fail("it is not whole");
        for await (const piece of delivery.content()) assert.ok(piece.length > 0);
        isEnded = true;
        return reportOf(delivery, SENT);
      },
    });
    assert.equal(isEnded, false);
    assert.equal(end.attempt?.result, "deferred");
    assert.match(end.attempt?.error ?? "", /the stored message is damaged: \d+ of 30 bytes found/);
  });
}

Deno.test("handOver: a body in one piece of the wrong size is not handed over whole", async () => {
  const end = await handOverOne({
    claim: (claim) => ({ ...claim, sizeBytes: claim.sizeBytes + 1 }),
    script: async (delivery) => {
      await contentOf(delivery);
      return reportOf(delivery, SENT);
    },
  });
  assert.equal(end.attempt?.result, "deferred");
});
