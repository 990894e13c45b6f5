import assert from "node:assert/strict";
import fc from "fast-check";
import { SETTINGS } from "../../../src/config/definitions.ts";
import {
  decideRetry,
  retriesUsed,
  retryDelayMs,
  type RetryPolicy,
} from "../../../src/queue/policy/retry.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const MIDDLE = 0.5;

/** What the settings say where nobody sets anything. */
const POLICY: RetryPolicy = {
  max: SETTINGS["retry.max"].default,
  lifetimeMs: SETTINGS["retry.lifetime"].default,
  scheduleMs: SETTINGS["retry.schedule"].default,
};

function policyOf(parts: Partial<RetryPolicy>): RetryPolicy {
  return { ...POLICY, ...parts };
}

/** Fails one recipient again and again; returns at which attempt it was given up, and why. */
function attemptsUntilGivenUp(policy: RetryPolicy, mostAttempts: number) {
  let failures = 0;
  let now = 0;
  for (let attempt = 1; attempt <= mostAttempts; attempt++) {
    const failure = { failures, lifeFrom: 0, isRelayFault: false };
    const decision = decideRetry(failure, policy, { now, random: MIDDLE });
    if (decision.kind === "give_up") return { attempt, reason: decision.reason };
    assert.equal(decision.failures, failures + 1);
    failures = decision.failures;
    now = decision.nextAt;
  }
  return null;
}

for (const max of [0, 1, 2, 5, 20]) {
  Deno.test(`decideRetry: retry.max ${max} allows ${1 + max} attempts`, () => {
    const policy = policyOf({ max, lifetimeMs: Infinity });
    assert.deepEqual(attemptsUntilGivenUp(policy, 100), { attempt: 1 + max, reason: "retries" });
  });
}

Deno.test("decideRetry: retry.max unset sets no limit by count", () => {
  assert.equal(attemptsUntilGivenUp(policyOf({ max: null, lifetimeMs: Infinity }), 5_000), null);
});

Deno.test("decideRetry: the default policy goes on for five days, and gives up by age", () => {
  const ended = attemptsUntilGivenUp(POLICY, 1_000);
  assert.equal(ended?.reason, "lifetime");
  // 5+10+20+40+80+160 minutes, then every 4 hours up to 120 hours.
  assert.equal(ended?.attempt, 7 + Math.ceil((120 * 60 - 315) / 240));
});

Deno.test("decideRetry: the lifetime gives up what a relay has answered three times", () => {
  const kinds = [0, 1, 2].map((failures) => {
    const failure = { failures, lifeFrom: 0, isRelayFault: false };
    return decideRetry(failure, POLICY, { now: 7 * DAY_MS, random: MIDDLE }).kind;
  });
  assert.deepEqual(kinds, ["again", "again", "give_up"]);
});

const LIFETIMES = [
  [5 * DAY_MS - 1, "again"],
  [5 * DAY_MS, "give_up"],
  [50 * DAY_MS, "give_up"],
  [-DAY_MS, "again"],
] as const;

for (const [ageMs, kind] of LIFETIMES) {
  Deno.test(`decideRetry: a failure ${ageMs / DAY_MS} days after lifeFrom: ${kind}`, () => {
    const lifeFrom = 1_800_000_000_000;
    const failure = { failures: 2, lifeFrom, isRelayFault: false };
    const decision = decideRetry(failure, POLICY, {
      now: lifeFrom + ageMs,
      random: MIDDLE,
    });
    assert.equal(decision.kind, kind);
    if (decision.kind === "give_up") assert.equal(decision.reason, "lifetime");
  });
}

Deno.test("decideRetry: the count is judged before the age", () => {
  const failure = { failures: 3, lifeFrom: 0, isRelayFault: false };
  const decision = decideRetry(failure, policyOf({ max: 3 }), { now: 9 * DAY_MS, random: MIDDLE });
  assert.deepEqual(decision, { kind: "give_up", reason: "retries", failures: 4 });
});

Deno.test("decideRetry: the relay's faults use up nothing and never give up", () => {
  fc.assert(fc.property(
    fc.option(fc.nat(5)),
    fc.nat(20),
    fc.nat(400 * DAY_MS),
    fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    (max, failures, ageMs, random) => {
      const policy = policyOf({ max });
      const failure = { failures, lifeFrom: 0, isRelayFault: true };
      const decision = decideRetry(failure, policy, { now: ageMs, random });
      assert.equal(decision.kind, "again");
      assert.equal(decision.failures, failures);
      if (decision.kind === "again") {
        assert.equal(decision.nextAt, ageMs + retryDelayMs(1, policy, random));
      }
    },
  ));
});

Deno.test("decideRetry: after an outage of the relay all retries are still there", () => {
  const policy = policyOf({ max: 1, lifetimeMs: Infinity });
  let failures = 0;
  for (let n = 0; n < 50; n++) {
    const outage = { failures, lifeFrom: 0, isRelayFault: true };
    failures = decideRetry(outage, policy, { now: 0, random: MIDDLE }).failures;
  }
  const kinds = [51, 52].map(() => {
    const decision = decideRetry(
      { failures, lifeFrom: 0, isRelayFault: false },
      policy,
      { now: 0, random: MIDDLE },
    );
    failures = decision.failures;
    return decision.kind;
  });
  assert.deepEqual(kinds, ["again", "give_up"]);
});

const SCHEDULE = [[1, 5], [2, 10], [3, 20], [4, 40], [5, 80], [6, 160], [7, 240], [8, 240], [
  900,
  240,
]] as const;

for (const [tries, minutes] of SCHEDULE) {
  Deno.test(`retryDelayMs: ${minutes} minutes after try ${tries}, within 10 %`, () => {
    const delay = (random: number) => retryDelayMs(tries, POLICY, random);
    const exactMs = minutes * MINUTE_MS;
    assert.equal(delay(0), exactMs * 0.9);
    assert.equal(delay(MIDDLE), exactMs);
    assert(delay(1 - Number.EPSILON) <= exactMs * 1.1);
  });
}

Deno.test("retryDelayMs: a schedule of one step repeats it, one of none does not wait", () => {
  const once = policyOf({ scheduleMs: [7_000] });
  for (const tries of [0, 1, 2, 99]) assert.equal(retryDelayMs(tries, once, MIDDLE), 7_000);
  assert.equal(retryDelayMs(1, policyOf({ scheduleMs: [] }), MIDDLE), 0);
});

Deno.test("retryDelayMs: the jitter never leaves its bounds, and is whole milliseconds", () => {
  fc.assert(fc.property(
    fc.array(fc.integer({ min: 1, max: 10 * DAY_MS }), { minLength: 1, maxLength: 9 }),
    fc.integer({ min: 0, max: 1_000 }),
    fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    (scheduleMs, tries, random) => {
      const delayMs = retryDelayMs(tries, policyOf({ scheduleMs }), random);
      const step = scheduleMs[Math.min(Math.max(tries, 1), scheduleMs.length) - 1] ?? 0;
      assert(Number.isInteger(delayMs));
      assert(delayMs >= step * 0.9 - 0.5 && delayMs <= step * 1.1 + 0.5);
    },
  ));
});

Deno.test("retriesUsed: the first try is no retry", () => {
  assert.deepEqual([0, 1, 2, 3].map(retriesUsed), [0, 0, 1, 2]);
});
