import assert from "node:assert/strict";
import fc from "fast-check";
import { type RateUse, takeShare } from "../../../src/queue/policy/rate.ts";

Deno.test("takeShare: no span of a rate's length sees more than the rate", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 20, max: 5_000 }),
      fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 200 }),
      (count, perMs, steps) => {
        let use: RateUse | null = null;
        let now = 1_000_000;
        const taken: number[] = [];
        for (const step of steps) {
          now += step;
          const share = takeShare(use, { count, perMs }, now);
          if (share.use === null) continue;
          use = share.use;
          taken.push(now);
        }
        for (const from of taken) {
          const seen = taken.filter((at) => at >= from && at < from + perMs).length;
          assert.ok(seen <= count, `${seen} in ${perMs} ms where ${count} are allowed`);
        }
      },
    ),
  );
});

Deno.test("takeShare: whoever waits as told gets a share", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 20, max: 100_000 }),
      fc.integer({ min: 1, max: 200 }),
      (count, perMs, messages) => {
        let use: RateUse | null = null;
        let now = 5_000_000;
        const startedAt = now;
        for (let n = 0; n < messages; n++) {
          let share = takeShare(use, { count, perMs }, now);
          if (share.use === null) {
            now += share.waitMs;
            share = takeShare(use, { count, perMs }, now);
          }
          assert.notEqual(share.use, null);
          use = share.use;
        }
        // At least nine tenths of the rate are reached.
        const spans = Math.ceil(messages / count);
        assert.ok(now - startedAt <= spans * perMs * 1.1 + spans, `${now - startedAt} ms`);
      },
    ),
  );
});

Deno.test("takeShare: a clock set back does not stop the mail", () => {
  const rate = { count: 1, perMs: 60_000 };
  const first = takeShare(null, rate, 10_000_000);
  const later = takeShare(first.use, rate, 9_000_000);
  assert.equal(later.waitMs, 0);
});
