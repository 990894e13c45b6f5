import assert from "node:assert/strict";
import {
  afterFault,
  HEALTHY,
  isLeftAlone,
  type RelayHealth,
} from "../../../src/queue/policy/breaker.ts";

Deno.test("afterFault: two faults leave the breaker closed, the third opens it", () => {
  const one = afterFault(HEALTHY, "refused", 1_000);
  const two = afterFault(one, "refused", 2_000);
  const three = afterFault(two, "timed out", 3_000);
  assert.deepEqual([one, two].map((health) => isLeftAlone(health, 3_000)), [false, false]);
  assert.deepEqual(three, {
    failures: 3,
    downSince: 1_000,
    openUntil: 63_000,
    lastError: "timed out",
    refusal: null,
    hint: null,
  });
  assert.equal(isLeftAlone(three, 62_999), true);
  assert.equal(isLeftAlone(three, 63_000), false);
});

Deno.test("afterFault: each further fault doubles the pause, up to 15 minutes", () => {
  let health: RelayHealth = HEALTHY;
  const pauses: number[] = [];
  for (let n = 0; n < 9; n++) {
    health = afterFault(health, "refused", 0);
    pauses.push((health.openUntil ?? 0) / 60_000);
  }
  assert.deepEqual(pauses, [0, 0, 1, 2, 4, 8, 15, 15, 15]);
});
