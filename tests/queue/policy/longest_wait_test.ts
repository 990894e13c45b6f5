import assert from "node:assert/strict";
import { latestTry } from "../../../src/queue/policy/longest_wait.ts";
import type { Pause } from "../../../src/queue/policy/pause.ts";

const NOW = 1_700_000_000_000;
const HOUR_MS = 3_600_000;
const POLICY = { max: null, lifetimeMs: HOUR_MS, scheduleMs: [HOUR_MS] };
const NOTHING = { policy: POLICY, rules: [], rates: [null], pauses: [] };
const PAUSE: Pause = {
  scope: "tag",
  value: "news",
  reason: null,
  since: NOW - HOUR_MS,
  until: NOW + 100 * HOUR_MS,
  isAutomatic: false,
  times: 1,
  refused: [],
};
const RULE = { code: null, enhanced: null, text: null, action: "defer" } as const;

Deno.test("latestTry: the longest of all waits there can be", () => {
  const hours = (waits: Partial<Parameters<typeof latestTry>[0]>) =>
    Math.floor((latestTry({ ...NOTHING, ...waits }, NOW) - NOW) / HOUR_MS);
  assert.equal(hours({}), 6, "a quota's pause");
  assert.equal(hours({ policy: { ...POLICY, scheduleMs: [HOUR_MS, 20 * HOUR_MS, HOUR_MS] } }), 22);
  assert.equal(hours({ rules: [{ ...RULE, waitMs: 12 * HOUR_MS }] }), 12);
  assert.equal(hours({ rates: [{ count: 100, perMs: 24 * HOUR_MS }] }), 48);
  assert.equal(hours({ pauses: [PAUSE] }), 100);
  assert.equal(hours({ pauses: [{ ...PAUSE, until: null }] }), 6);
});

Deno.test("latestTry: a pause that another clock has set does not count", () => {
  const since = NOW + 8_000 * HOUR_MS;
  const pauses = [{ ...PAUSE, since, until: since + HOUR_MS }];
  assert.equal(latestTry({ ...NOTHING, pauses }, NOW), latestTry(NOTHING, NOW));
});
