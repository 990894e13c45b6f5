import assert from "node:assert/strict";
import { hasMoved, stallOf } from "../../../src/queue/policy/stall.ts";
import { HEALTHY } from "../../../src/queue/policy/breaker.ts";
import type { HealthFigures, QueueStatus, RelayStatus } from "../../../src/queue/status.ts";
import { QUIET } from "../../support/quiet_status.ts";

const NOW = 1_800_000_000_000;
const HOUR_MS = 3_600_000;
const LONG_AGO = NOW - HOUR_MS;

const FIGURES: HealthFigures = { oldestDeferredFrom: null, lastSentAt: null, failed: 0 };

function reasonFor(status: Partial<QueueStatus>, figures: Partial<HealthFigures> = {}) {
  const now = { now: NOW, afterMs: HOUR_MS };
  return stallOf({ ...QUIET, ...status }, { ...FIGURES, ...figures }, now)?.reason ?? null;
}

const DOWN: RelayStatus = {
  ...HEALTHY,
  name: "main",
  failures: 9,
  downSince: LONG_AGO,
  openUntil: NOW + 1,
  lastError: "gone",
  limits: null,
};
const PAUSE = { since: LONG_AGO, until: null, reason: null };

Deno.test("stallOf: mail that could go and does not, for long, and nothing else", () => {
  assert.equal(reasonFor({}), null, "nothing waits");
  assert.equal(reasonFor({ oldestQueuedAt: LONG_AGO }), "mail is queued and none is sent");
  assert.equal(reasonFor({ oldestQueuedAt: LONG_AGO + 1 }), null, "not for so long yet");
  assert.match(reasonFor({ oldestDueAt: LONG_AGO }) ?? "", /`mailq retry --due` from cron/);
  assert.equal(reasonFor({ relays: [DOWN] }), "relay main is down: gone");
  const refusing = { ...DOWN, refusal: "k", lastError: "5.7.1 no" };
  assert.equal(reasonFor({ relays: [refusing] }), "relay main refuses our mail: 5.7.1 no");
  assert.equal(reasonFor({ relays: [{ ...DOWN, openUntil: null }] }), null, "a fault or two");
  assert.equal(reasonFor({ relays: [{ ...DOWN, downSince: LONG_AGO + 1 }] }), null);
});

Deno.test("stallOf: a queue that is paused, or that sent something of late, does not stand still", () => {
  const status = { oldestQueuedAt: LONG_AGO, relays: [DOWN] };
  assert.equal(reasonFor({ ...status, paused: PAUSE }), null);
  assert.equal(reasonFor(status, { lastSentAt: LONG_AGO + 1 }), null);
  assert.notEqual(reasonFor(status, { lastSentAt: LONG_AGO }), null);
});

Deno.test("hasMoved: once something is sent, or nothing waits", () => {
  const moved = (status: Partial<QueueStatus>, lastSentAt: number | null) =>
    hasMoved({ ...QUIET, ...status }, { ...FIGURES, lastSentAt }, LONG_AGO);
  assert.equal(moved({ queued: 1 }, null), false);
  assert.equal(moved({ deferred: 1 }, LONG_AGO - 1), false);
  assert.equal(moved({ queued: 1 }, LONG_AGO), true);
  assert.equal(moved({ held: 1 }, null), true);
});
