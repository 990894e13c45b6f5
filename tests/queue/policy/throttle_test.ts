import assert from "node:assert/strict";
import {
  afterNothingTaken,
  afterTaken,
  isAboutConnections,
  NO_LIMITS,
  relaxed,
  type RelayLimits,
  restsUntil,
} from "../../../src/queue/policy/throttle.ts";

const NOW = 1_700_000_000_000;
const MINUTE_MS = 60_000;
const LEARNED: RelayLimits = {
  ...NO_LIMITS,
  connections: 2,
  ofConnections: 5,
  rate: 8,
  learnedAt: NOW,
};

Deno.test("relaxed: every ten minutes a connection and a quarter of the rate more, up to the settings", () => {
  const after = (minutes: number) => {
    const { connections, rate } = relaxed(LEARNED, NOW + minutes * MINUTE_MS);
    return [connections, rate];
  };
  assert.deepEqual(after(0), [2, 8]);
  assert.deepEqual(after(9.99), [2, 8]);
  assert.deepEqual(after(10), [3, 10]);
  assert.deepEqual(after(29), [4, 12.5]);
  assert.deepEqual(after(30), [null, 15.625]);
  assert.deepEqual(after(10_000), [null, null]);
});

Deno.test("relaxed: what was learned at a time to come is forgotten, a minute of difference is none", () => {
  assert.equal(relaxed(LEARNED, NOW - MINUTE_MS).connections, 2);
  const { connections, rate } = relaxed(LEARNED, NOW - 2 * MINUTE_MS);
  assert.deepEqual([connections, rate], [null, null]);
  assert.equal(relaxed(NO_LIMITS, NOW), NO_LIMITS);
});

Deno.test("afterNothingTaken: 1, 2, 4, 8, 16 s, and after a minute in peace for up to a quarter of an hour", () => {
  let limits = NO_LIMITS;
  let now = NOW;
  const seen: (readonly [number, boolean])[] = [];
  for (let n = 0; n < 12; n++) {
    const next = afterNothingTaken(limits, "no", now);
    limits = next.limits;
    const until = limits.until ?? 0;
    seen.push([(until - now) / 1000, next.isOver]);
    assert.equal(restsUntil(limits, until - 1), until);
    assert.equal(restsUntil(limits, until), null);
    now = until;
  }
  assert.deepEqual(seen, [
    ...[1, 2, 4, 8, 16].map((seconds) => [seconds, false]),
    ...[32, 64, 128, 256, 512, 900, 900].map((seconds) => [seconds, true]),
  ]);
  const taken = afterTaken(limits);
  assert.deepEqual([taken.backOffs, taken.since, taken.until], [0, null, null]);
  assert.equal(afterTaken(LEARNED), LEARNED);
});

Deno.test("restsUntil: a back-off of a clock that was set back is none", () => {
  const { limits } = afterNothingTaken(NO_LIMITS, "no", NOW + 1000 * MINUTE_MS);
  assert.equal(restsUntil(limits, NOW), null);
  // It begins anew, or the relay would be given up at once.
  const again = afterNothingTaken(limits, "no", NOW);
  assert.deepEqual([again.limits.backOffs, again.isOver], [1, false]);
});

Deno.test("isAboutConnections: tells words of connections from those of rates", () => {
  for (
    const text of [
      "too many connections",
      "Concurrent connections limit exceeded",
      "sender thread limit exceeded",
      "Too many sessions",
    ]
  ) assert.ok(isAboutConnections(text), text);
  for (
    const text of ["Maximum sending rate exceeded", "too much mail from 192.0.2.1", "slow down"]
  ) {
    assert.ok(!isAboutConnections(text), text);
  }
});
