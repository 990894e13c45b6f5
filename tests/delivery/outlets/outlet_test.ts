import assert from "node:assert/strict";
import { Outlet } from "../../../src/delivery/outlets/outlet.ts";
import { HEALTHY } from "../../../src/queue/policy/breaker.ts";
import type { Transport } from "../../../src/queue/ports/transport.ts";

const PACE = { isOneByOne: false, isFast: true, clock: { now: () => 0 } };

/** A fast relay, of which as many messages are begun as it has room for. */
class FastOutlet {
  takesAhead = true;
  opened = 0;
  readonly outlet: Outlet;

  constructor(concurrency: number) {
    const open = (): Transport => {
      this.opened++;
      const takesAhead = () => this.takesAhead;
      return {
        get takesAhead() {
          return takesAhead();
        },
        deliver: () => Promise.reject(new Error("not asked for")),
        close: () => Promise.resolve(),
      };
    };
    this.outlet = new Outlet({ relay: { name: "a", open }, concurrency, rate: null }, HEALTHY, 0);
    this.outlet.isProven = true;
  }

  begin(): Transport[] {
    const begun: Transport[] = [];
    while (this.outlet.room(PACE) > 0) {
      begun.push(this.outlet.take());
      this.outlet.inFlight++;
    }
    return begun;
  }

  end(transport: Transport, isUsable = true): void {
    this.outlet.inFlight--;
    this.outlet.giveBack(transport, { isUsable });
  }
}

Deno.test("outlet: a fast relay's connections have three messages in hand each", () => {
  const fast = new FastOutlet(2);
  const begun = fast.begin();
  assert.equal(begun.length, 6);
  assert.equal(new Set(begun).size, 2);
});

Deno.test("outlet: no connection too many is opened beside one to be left", () => {
  const fast = new FastOutlet(1);
  const [first, second, third] = fast.begin();
  assert(first !== undefined && second !== undefined && third !== undefined);
  fast.end(first, false);
  assert.equal(fast.begin().length, 0);
  fast.end(second);
  fast.end(third);
  assert.equal(fast.begin().length, 3);
  assert.equal(fast.opened, 2);
});

Deno.test("outlet: nor where the relay turns out to take nothing ahead", () => {
  const fast = new FastOutlet(2);
  const [first] = fast.begin();
  assert(first !== undefined);
  fast.takesAhead = false;
  fast.end(first);
  assert.equal(fast.begin().length, 0);
  assert.equal(fast.opened, 2);
});
