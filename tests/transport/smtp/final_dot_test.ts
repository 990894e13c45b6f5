import assert from "node:assert/strict";
import { Outcomes } from "../../../src/transport/outcomes.ts";
import { Channel } from "../../../src/transport/smtp/connection/channel.ts";
import type { ConnectionBroken } from "../../../src/transport/smtp/connection/broken.ts";
import type { Wire } from "../../../src/transport/smtp/connection/wire.ts";
import { Session } from "../../../src/transport/smtp/session/session.ts";
import { DEFAULT_TIMEOUTS } from "../../../src/transport/smtp/connection/timers.ts";
import { Transaction } from "../../../src/transport/smtp/mail/transaction.ts";
import { Transcript } from "../../../src/transport/smtp/connection/transcript.ts";
import { deliveryOf, inPieces } from "../../support/smtp_delivery.ts";
import { latin1 } from "../../support/smtp_script.ts";
import { FakeTimers } from "../../support/smtp_timers.ts";

/** A wire that answers the envelope, takes `takes` writes, and answers `last` once it has taken
 *  them. A write beyond those rejects, or waits for ever if `hangs`. */
class FakeWire implements Wire {
  readonly localAddress = null;
  #writes = 0;
  #replies = ["250 ok\r\n250 ok\r\n354 go\r\n"];
  readonly #taken = Promise.withResolvers<void>();
  #abort: ((reason: ConnectionBroken) => void) | null = null;

  constructor(readonly takes: number, last: string | null, readonly hangs = false) {
    if (last !== null) this.#replies.push(last);
  }

  async read(into: Uint8Array): Promise<number | null> {
    const reply = this.#replies.shift();
    if (reply === undefined) return this.hangs ? await this.#never() : null;
    // What is left in the row by now is the answer to the content.
    if (!reply.startsWith("250 ok\r\n250")) await this.#taken.promise;
    into.set(latin1(reply));
    return reply.length;
  }

  write(): Promise<void> {
    const isTaken = this.#writes++ < this.takes;
    if (this.#writes >= this.takes) this.#taken.resolve();
    if (isTaken) return Promise.resolve();
    return this.hangs ? this.#never() : Promise.reject(new Error("Broken pipe (os error 32)"));
  }

  #never(): Promise<never> {
    const before = this.#abort;
    return new Promise((_, reject) => {
      this.#abort = (reason) => {
        before?.(reason);
        reject(reason);
      };
    });
  }

  secure(): Promise<never> {
    return Promise.reject(new Error("no TLS here"));
  }

  close(): void {}

  abort(reason: ConnectionBroken): void {
    this.#abort?.(reason);
  }
}

async function outcome(wire: Wire, pieceSize: number | null): Promise<string> {
  const timers = new FakeTimers();
  const channel = new Channel(wire, timers, new Transcript());
  const session = new Session(channel, {
    extensions: new Map([["PIPELINING", ""]]),
    tls: null,
    protocol: "smtp",
    greeting: "",
    certificate: null,
  });
  const whole = deliveryOf(["a@example.com"], "a\r\nb\r\n");
  const outcomes = new Outcomes(pieceSize === null ? whole : inPieces(whole, pieceSize));
  const transaction = new Transaction(session, {
    delivery: outcomes.delivery,
    indices: [0],
    outcomes,
    timeouts: DEFAULT_TIMEOUTS,
    onContent: () => {},
    ahead: () => "",
  });
  const running = transaction.run();
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  timers.pass(DEFAULT_TIMEOUTS.dotMs);
  await running;
  channel.close();
  assert.equal(timers.pending, 0);
  const [only] = outcomes.report({ host: null }).outcomes;
  return only?.kind ?? "";
}

// The envelope is one write. Whole content takes one more, content in two pieces three.
Deno.test("final dot: not taken by the system, the message cannot have arrived", async () => {
  assert.equal(await outcome(new FakeWire(1, null), null), "deferred");
  for (const takes of [1, 2, 3]) {
    assert.equal(await outcome(new FakeWire(takes, null), 3), "deferred", `${takes} writes`);
  }
});

Deno.test("final dot: taken by the system, the message may have arrived", async () => {
  assert.equal(await outcome(new FakeWire(2, null), null), "uncertain");
  assert.equal(await outcome(new FakeWire(4, null), 3), "uncertain");
  assert.equal(await outcome(new FakeWire(2, "\r\n"), null), "uncertain");
  assert.equal(await outcome(new FakeWire(4, "what?\r\n"), 3), "uncertain");
});

Deno.test("final dot: a write that never ends is given up, and the dot is known not to be out", async () => {
  assert.equal(await outcome(new FakeWire(1, null, true), null), "deferred");
  assert.equal(await outcome(new FakeWire(3, null, true), 3), "deferred");
});

Deno.test("final dot: silence after it is uncertain", async () => {
  assert.equal(await outcome(new FakeWire(2, null, true), null), "uncertain");
  assert.equal(await outcome(new FakeWire(4, null, true), 3), "uncertain");
});

Deno.test("final dot: a yes that comes before it was taken is none", async () => {
  assert.equal(await outcome(new FakeWire(1, "250 ok\r\n"), null), "deferred");
  assert.equal(await outcome(new FakeWire(2, "250 ok\r\n"), 3), "deferred");
});

Deno.test("final dot: a yes after it is a yes, a no that comes early is a no", async () => {
  assert.equal(await outcome(new FakeWire(2, "250 ok\r\n"), null), "sent");
  assert.equal(await outcome(new FakeWire(4, "250 ok\r\n"), 3), "sent");
  assert.equal(await outcome(new FakeWire(2, "554 no\r\n"), 3), "failed");
});
