import assert from "node:assert/strict";
import { judge } from "../../../src/delivery/round/judge.ts";
import type { RecipientChange } from "../../../src/queue/claim.ts";
import type { DeliveryOutcome } from "../../../src/queue/ports/transport.ts";
import type { RetryPolicy } from "../../../src/queue/policy/retry.ts";
import { DEFERRED, FAILED, RELAY_DOWN, SENT, UNCERTAIN } from "../scripted_relay.ts";

const NOW = 1_000_000_000;
const HOUR_MS = 3_600_000;
const POLICY: RetryPolicy = { max: null, lifetimeMs: HOUR_MS, scheduleMs: [10_000, 20_000] };
const NEVER: RetryPolicy = { ...POLICY, max: 0 };
const TWICE: RetryPolicy = { ...POLICY, max: 2 };

interface Case {
  readonly name: string;
  readonly outcome: DeliveryOutcome;
  readonly policy?: RetryPolicy;
  readonly tries?: number;
  readonly failures?: number;
  readonly ageMs?: number;
  readonly isHeld?: boolean;
  readonly want: Pick<RecipientChange, "state" | "reason" | "nextAt" | "failures">;
}

const again = (nextAt: number, failures: number) =>
  ({ state: "deferred", reason: null, nextAt, failures }) as const;
const givenUp = (reason: "retries" | "lifetime" | "permanent", failures: number) =>
  ({ state: "failed", reason, nextAt: null, failures }) as const;

const CASES: readonly Case[] = [
  {
    name: "accepted",
    outcome: SENT,
    want: { state: "sent", reason: null, nextAt: null, failures: 0 },
  },
  {
    name: "accepted after failures keeps their count",
    outcome: SENT,
    failures: 3,
    want: { state: "sent", reason: null, nextAt: null, failures: 3 },
  },
  { name: "refused", outcome: FAILED, want: givenUp("permanent", 0) },
  { name: "put off for the first time", outcome: DEFERRED, want: again(NOW + 10_000, 1) },
  {
    name: "put off again waits longer",
    outcome: DEFERRED,
    tries: 1,
    failures: 1,
    want: again(NOW + 20_000, 2),
  },
  {
    name: "put off beyond the schedule repeats its last wait",
    outcome: DEFERRED,
    tries: 8,
    failures: 8,
    want: again(NOW + 20_000, 9),
  },
  {
    name: "put off without retries",
    outcome: DEFERRED,
    policy: NEVER,
    want: givenUp("retries", 1),
  },
  {
    name: "put off with one retry left",
    outcome: DEFERRED,
    policy: TWICE,
    tries: 1,
    failures: 1,
    want: again(NOW + 20_000, 2),
  },
  {
    name: "put off with no retry left",
    outcome: DEFERRED,
    policy: TWICE,
    tries: 2,
    failures: 2,
    want: givenUp("retries", 3),
  },
  {
    name: "put off one millisecond before the lifetime ends",
    outcome: DEFERRED,
    ageMs: HOUR_MS - 1,
    want: again(NOW + 10_000, 1),
  },
  {
    name: "put off as the lifetime ends",
    outcome: DEFERRED,
    tries: 2,
    failures: 2,
    ageMs: HOUR_MS,
    want: givenUp("lifetime", 3),
  },
  {
    name: "put off after a lifetime offline, at first contact and once more",
    outcome: DEFERRED,
    tries: 1,
    failures: 1,
    ageMs: 7 * 24 * HOUR_MS,
    want: again(NOW + 20_000, 2),
  },
  {
    name: "uncertain counts as put off, for an hour at least",
    outcome: UNCERTAIN,
    want: again(NOW + HOUR_MS, 1),
  },
  {
    name: "uncertain is put off for longer where the schedule says so",
    outcome: UNCERTAIN,
    policy: { ...POLICY, scheduleMs: [3 * HOUR_MS] },
    want: again(NOW + 3 * HOUR_MS, 1),
  },
  {
    name: "uncertain is never given up where it is held",
    outcome: UNCERTAIN,
    policy: NEVER,
    ageMs: 100 * HOUR_MS,
    failures: 5,
    isHeld: true,
    want: again(NOW + HOUR_MS, 6),
  },
  {
    name: "uncertain without retries",
    outcome: UNCERTAIN,
    policy: NEVER,
    want: givenUp("retries", 1),
  },
  {
    name: "a fault of the relay uses up no retry",
    outcome: RELAY_DOWN,
    policy: NEVER,
    want: again(NOW + 10_000, 0),
  },
  {
    name: "a fault of the relay ends no lifetime",
    outcome: RELAY_DOWN,
    ageMs: 100 * HOUR_MS,
    want: again(NOW + 10_000, 0),
  },
  {
    name: "a fault of the relay waits no longer the tenth time",
    outcome: RELAY_DOWN,
    tries: 9,
    want: again(NOW + 10_000, 0),
  },
];

for (const { name, outcome, policy, tries, failures, ageMs, isHeld, want } of CASES) {
  Deno.test(`judge: ${name}`, () => {
    const recipient = { n: 4, address: "bob@receiver.test", tries: tries ?? 0 };
    const { isRelayFault, ...rest } = outcome;
    const change = judge({ ...recipient, failures: failures ?? 0 }, {
      ...rest,
      blame: isRelayFault ? "relay" : "mail",
      hint: null,
      waitMs: null,
      suppresses: false,
    }, {
      policy: policy ?? POLICY,
      lifeFrom: NOW - (ageMs ?? 0),
      now: NOW,
      random: 0.5,
      senderUntil: null,
      isUncertainHeld: isHeld ?? false,
    });
    assert.deepEqual(change, {
      n: 4,
      address: "bob@receiver.test",
      outcome: outcome.kind,
      code: outcome.code,
      enhanced: outcome.enhanced,
      reply: outcome.text,
      suppresses: false,
      ...want,
    });
  });
}
