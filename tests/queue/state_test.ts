import assert from "node:assert/strict";
import fc from "fast-check";
import {
  deriveStatus,
  FAILURE_REASONS,
  isOpen,
  MESSAGE_STATUSES,
  type MessageStatus,
  RECIPIENT_STATES,
  type RecipientEvent,
  type RecipientState,
} from "../../src/queue/state.ts";
import { nextState, RECIPIENT_EVENTS } from "../support/transitions.ts";

/** The table of states as product.md has it; "-" = the event changes nothing. */
const TABLE = `
              queued     sending  deferred   sent    failed  cancelled  suppressed
  claim       sending    -        -          -       -       -          -
  suppress    suppressed -        -          -       -       -          -
  expire      failed     -        failed     -       -       -          -
  accept      -          sent     -          -       -       -          -
  accept_late sent       -        sent       sent    sent    sent       sent
  defer       -          deferred -          -       -       -          -
  reject      -          failed   -          -       -       -          -
  condemn     -          -        failed     -       -       -          -
  exhaust     -          failed   -          -       -       -          -
  outlive     -          failed   -          -       -       -          -
  lose        -          queued   -          -       -       -          -
  give_back   -          queued   -          -       -       -          -
  retry       -          -        queued     -       -       -          -
  resend      queued     -        queued     queued  queued  queued     queued
  cancel      cancelled  -        cancelled  -       -       -          -`;

const [HEADS = [], ...ROWS] = TABLE.trim().split("\n").map((line) => line.trim().split(/\s+/));

Deno.test("the table of the tests names every state and every event", () => {
  assert.deepEqual(HEADS, [...RECIPIENT_STATES]);
  assert.deepEqual(ROWS.map(([event]) => event), [...RECIPIENT_EVENTS]);
});

for (const [i, event] of RECIPIENT_EVENTS.entries()) {
  for (const [k, state] of RECIPIENT_STATES.entries()) {
    const expected = ROWS[i]?.[k + 1];
    Deno.test(`nextState: ${event} finds ${state}: ${expected}`, () => {
      assert.equal(nextState(state, event) ?? "-", expected);
    });
  }
}

Deno.test("FAILURE_REASONS has one for each event that fails a recipient, and no other", () => {
  for (const event of RECIPIENT_EVENTS) {
    const fails = RECIPIENT_STATES.some((state) => nextState(state, event) === "failed");
    assert.equal(FAILURE_REASONS[event] !== undefined, fails, event);
  }
  assert.deepEqual(FAILURE_REASONS, {
    expire: "deadline",
    reject: "permanent",
    condemn: "permanent",
    exhaust: "retries",
    outlive: "lifetime",
  });
});

Deno.test("isOpen: queued, sending and deferred wait for an end", () => {
  assert.deepEqual(RECIPIENT_STATES.filter(isOpen), ["queued", "sending", "deferred"]);
});

const STATUSES: readonly (readonly [states: string, isHeld: boolean, status: MessageStatus])[] = [
  ["queued", false, "queued"],
  ["sending", false, "sending"],
  ["deferred", false, "deferred"],
  ["sent", false, "sent"],
  ["failed", false, "failed"],
  ["cancelled", false, "cancelled"],
  ["suppressed", false, "suppressed"],
  ["queued", true, "held"],
  ["sending", true, "held"],
  ["deferred failed", true, "held"],
  ["sent", true, "sent"],
  ["failed cancelled", true, "failed"],
  ["deferred queued sending", false, "sending"],
  ["deferred queued sent failed", false, "queued"],
  ["deferred sent failed suppressed cancelled", false, "deferred"],
  ["sent suppressed", false, "sent"],
  ["sent failed", false, "partial"],
  ["sent cancelled", false, "partial"],
  ["sent sent failed cancelled suppressed", false, "partial"],
  ["failed suppressed", false, "failed"],
  ["failed cancelled", false, "failed"],
  ["cancelled suppressed", false, "cancelled"],
  ["suppressed suppressed", false, "suppressed"],
];

for (const [states, isHeld, status] of STATUSES) {
  Deno.test(`deriveStatus: ${states}${isHeld ? ", held" : ""}: ${status}`, () => {
    // The words are those of RECIPIENT_STATES: the cast only tells the compiler.
    assert.equal(deriveStatus(states.split(" ") as RecipientState[], isHeld), status);
  });
}

const anyState = fc.constantFrom(...RECIPIENT_STATES);
const anyEvent = fc.constantFrom(...RECIPIENT_EVENTS);

Deno.test("no sequence of events leaves the table or loses a recipient", () => {
  fc.assert(fc.property(
    fc.array(anyState, { minLength: 1, maxLength: 6 }),
    fc.array(fc.tuple(fc.nat(5), anyEvent), { maxLength: 60 }),
    fc.boolean(),
    (states, happenings, isHeld) => {
      const now = [...states];
      for (const [place, event] of happenings) {
        const n = place % now.length;
        const before = now[n];
        assert(before !== undefined);
        const after = nextState(before, event) ?? before;
        assert(RECIPIENT_STATES.includes(after));
        now[n] = after;
        assert(MESSAGE_STATUSES.includes(deriveStatus(now, isHeld)));
      }
      assert.equal(now.length, states.length);
    },
  ));
});

Deno.test("from every state there is a way to sent", () => {
  for (const start of RECIPIENT_STATES) {
    const reached = new Set<RecipientState>([start]);
    for (const state of reached) {
      for (const event of RECIPIENT_EVENTS) {
        // The late 250 is luck: there must be a way without it.
        if (event === "accept_late") continue;
        const next = nextState(state, event);
        if (next !== null) reached.add(next);
      }
    }
    assert(reached.has("sent"), start);
  }
});

Deno.test("nothing that is being sent is taken away but by its worker, or its worker's death", () => {
  const others: readonly RecipientEvent[] = ["suppress", "expire", "retry", "resend", "cancel"];
  for (const event of [...others, "claim", "accept_late"] as const) {
    assert.equal(nextState("sending", event), null, event);
  }
});

/** product.md's paragraph on the status, told with counts instead of lists. */
function modelStatus(states: readonly RecipientState[], isHeld: boolean): MessageStatus {
  const n = Object.fromEntries(RECIPIENT_STATES.map((state) => [state, 0]));
  for (const state of states) n[state] = (n[state] ?? 0) + 1;
  const { queued = 0, sending = 0, deferred = 0, sent = 0, failed = 0, suppressed = 0 } = n;
  if (queued + sending + deferred > 0) {
    return isHeld ? "held" : sending > 0 ? "sending" : queued > 0 ? "queued" : "deferred";
  }
  if (suppressed === states.length) return "suppressed";
  if (sent === states.length - suppressed) return "sent";
  return sent > 0 ? "partial" : failed > 0 ? "failed" : "cancelled";
}

Deno.test("deriveStatus agrees with a model, in whatever order the recipients stand", () => {
  fc.assert(fc.property(
    fc.array(anyState, { minLength: 1, maxLength: 8 }),
    fc.boolean(),
    (states, isHeld) => {
      const status = deriveStatus(states, isHeld);
      assert.equal(status, modelStatus(states, isHeld));
      assert.equal(deriveStatus([...states].reverse(), isHeld), status);
      const isFinal = !["held", "sending", "queued", "deferred"].includes(status);
      assert.equal(isFinal, !states.some(isOpen));
    },
  ));
});
