import assert from "node:assert/strict";
import { judgeHealth } from "../../../src/cli/print/nagios.ts";
import type { HealthFigures, QueueStatus } from "../../../src/queue/status.ts";
import { QUIET } from "../../support/quiet_status.ts";

const MINUTE_MS = 60_000;
const NOW = 1_800_000_000_000;

const WELL: QueueStatus = { ...QUIET, lastRoundAt: NOW };

function judge(status: Partial<QueueStatus>, figures: Partial<HealthFigures> = {}) {
  const none = { warn: null, critical: null };
  const { level, line } = judgeHealth(
    { ...WELL, ...status },
    { lastSentAt: null, oldestDeferredFrom: null, failed: 0, ...figures },
    {
      now: NOW,
      warnMs: 15 * MINUTE_MS,
      criticalMs: 60 * MINUTE_MS,
      queued: none,
      deferred: { warn: 10, critical: 20 },
      failed: { warn: 0, critical: 5 },
    },
  );
  const [told = ""] = line.replace(/^MAILQ \w+ - /, "").split(" | ");
  return [level, told];
}

function relay(minutes: number, refusal: string | null = null): Partial<QueueStatus> {
  const since = NOW - minutes * MINUTE_MS;
  return {
    relays: [{
      name: "bulk",
      failures: 3,
      downSince: since,
      openUntil: NOW + MINUTE_MS,
      lastError: "no route",
      refusal,
      hint: null,
      limits: null,
    }],
  };
}

function pause(isAutomatic: boolean): Partial<QueueStatus> {
  return {
    pauses: [{
      scope: "sender",
      value: "a@b.test",
      reason: "553 not owned",
      since: NOW,
      until: null,
      isAutomatic,
      times: 1,
      refused: [],
    }],
  };
}

Deno.test("health: what alarms, how badly, and in which words", () => {
  const counts = "0 queued, 0 deferred";
  const ages = (minutes: number) => ({ oldestDeferredFrom: NOW - minutes * MINUTE_MS });
  const cases: readonly [ReturnType<typeof judge>, string, string][] = [
    [judge({}), "ok", counts],
    [judge({}, ages(14)), "ok", counts],
    [judge({}, ages(15)), "warning", `the oldest deferred message waits 15m; ${counts}`],
    [judge({}, ages(60)), "critical", `the oldest deferred message waits 1h; ${counts}`],
    [judge(relay(14)), "ok", `${counts}; the relay bulk is down for 14m: no route`],
    [judge(relay(15)), "warning", `the relay bulk is down for 15m: no route; ${counts}`],
    [
      judge(relay(61, "550 quota")),
      "critical",
      `the relay bulk refuses our mail for 1h: no route; ${counts}`,
    ],
    [judge(pause(true)), "warning", `the sender a@b.test is paused: 553 not owned; ${counts}`],
    [judge(pause(false)), "ok", `${counts}; the sender a@b.test is paused`],
    [judge({}, { failed: 1 }), "warning", `1 failed within a day; ${counts}`],
    [judge({}, { failed: 6 }), "critical", `6 failed within a day; ${counts}`],
    [judge({ deferred: 10 }), "ok", "0 queued, 10 deferred"],
    [judge({ deferred: 11 }), "warning", "11 deferred; 0 queued, 11 deferred"],
    [judge({ deferred: 21 }), "critical", "21 deferred; 0 queued, 21 deferred"],
    [
      judge({ lastRoundAt: NOW - 15 * MINUTE_MS }),
      "warning",
      `no pass finished for 15m; ${counts}`,
    ],
  ];
  for (const [judged, level, told] of cases) assert.deepEqual(judged, [level, told]);
});

Deno.test("health: a relay is no alarm before it is left alone", () => {
  const { relays: [one] = [] } = relay(90);
  assert.ok(one !== undefined);
  assert.deepEqual(judge({ relays: [{ ...one, failures: 1, openUntil: null }] }), [
    "ok",
    "0 queued, 0 deferred",
  ]);
});
