import assert from "node:assert/strict";
import type { DeliveryOutcome } from "../../../../src/queue/ports/transport.ts";
import { isRelayingDenied, RelayingTrial } from "../../../../src/transport/smtp/mail/relaying.ts";

function outcome(code: number, text: string, enhanced: string | null = null): DeliveryOutcome {
  const kind = code < 300 ? "sent" : code < 500 ? "deferred" : "failed";
  return { kind, isRelayFault: false, code, enhanced, text };
}

const DENIED = outcome(554, "<a@example.com>: Relay access denied");
const UNKNOWN = outcome(550, "No such user");
const SENT = outcome(250, "Ok");

Deno.test("isRelayingDenied: as the known servers say it", () => {
  const denials = [
    "<a@example.com>: Relay access denied",
    "a@example.com... Relaying denied",
    "relay not permitted",
    "SMTP; Unable to relay recipient in non-accepted domain",
    "Relaying not allowed: a@example.com",
    "we do not relay",
    "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
  ];
  for (const text of denials) assert.ok(isRelayingDenied(outcome(550, text)), text);
  for (const text of OTHERS) assert.ok(!isRelayingDenied(outcome(550, text)), text);
  assert.ok(!isRelayingDenied(outcome(550, "relaying denied", "5.1.1")));
  assert.ok(isRelayingDenied(outcome(550, "relaying denied", "5.7.1")));
  for (const code of [551, 553, 554]) {
    assert.ok(isRelayingDenied(outcome(code, "no relaying denied")));
  }
  for (const code of [450, 500, 552]) {
    assert.ok(!isRelayingDenied(outcome(code, "relaying denied")));
  }
});

const OTHERS = [
  "No such user",
  "denied by policy",
  "mailbox full",
  "relay.example.com says no",
  "<unk@relay.example.org>: Recipient address rejected: User unknown",
  "unk@relay.example.org: Recipient address rejected",
  '<"a relay"@example.org>: rejected',
  "relay.example.org: mail not allowed",
  "smtp-relay rejected it",
  "host relay1 says: denied",
  "do not write to rcpthosts@example.org",
];

/** The kinds of what becomes of DENIED, `!` for the relay's fault, as message `id`. */
function judged(trial: RelayingTrial, id: string): string {
  return trial.judge(id, [DENIED, DENIED])
    .map(({ kind, isRelayFault }) => kind + (isRelayFault ? "!" : "")).join(" ");
}

function trialAfter(messages: number): RelayingTrial {
  const trial = new RelayingTrial();
  for (let i = 1; i <= messages; i++) {
    assert.equal(judged(trial, `m${i}`), i < 20 ? "deferred deferred" : "deferred! deferred!");
  }
  return trial;
}

Deno.test("RelayingTrial: a relay that denies twenty messages is itself at fault", () => {
  trialAfter(30);
});

Deno.test("RelayingTrial: the same message counts once", () => {
  const trial = trialAfter(19);
  for (let i = 0; i < 30; i++) assert.equal(judged(trial, "m7"), "deferred deferred");
  assert.equal(judged(trial, "another"), "deferred! deferred!");
});

Deno.test("RelayingTrial: once the relay has taken any, a denial is the recipient's", () => {
  for (const taken of [SENT, { ...SENT, kind: "uncertain" as const, code: null }]) {
    for (const messages of [0, 5, 25]) {
      const trial = trialAfter(messages);
      assert.deepEqual(trial.judge("x", [DENIED, taken]), [DENIED, taken]);
      assert.equal(judged(trial, "y"), "failed failed");
    }
  }
});

Deno.test("RelayingTrial: other refusals stay what they are, and prove nothing", () => {
  const unreachable = { ...outcome(450, "refused"), code: null, isRelayFault: true };
  for (const other of [UNKNOWN, outcome(451, "later"), unreachable]) {
    const trial = new RelayingTrial();
    for (let i = 0; i < 30; i++) assert.deepEqual(trial.judge(`o${i}`, [other]), [other]);
    assert.deepEqual(trial.judge("m", [DENIED, other]), [{ ...DENIED, kind: "deferred" }, other]);
  }
});
