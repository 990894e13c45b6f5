import assert from "node:assert/strict";
import type { DeliveryOutcome } from "../../../src/queue/ports.ts";
import { isRelayingDenied, RelayingTrial } from "../../../src/transport/smtp/relaying.ts";

function outcome(code: number, text: string): DeliveryOutcome {
  const kind = code < 300 ? "sent" : code < 500 ? "deferred" : "failed";
  return { kind, isRelayFault: false, code, enhanced: null, text };
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
  for (
    const text of ["No such user", "denied by policy", "mailbox full", "relay.example.com says no"]
  ) {
    assert.ok(!isRelayingDenied(outcome(550, text)), text);
  }
  assert.ok(!isRelayingDenied(outcome(450, "Relay access denied")));
});

Deno.test("RelayingTrial: a relay that denies everybody is itself at fault", () => {
  const trial = new RelayingTrial();
  for (let i = 0; i < 30; i++) {
    const judged = trial.judge([DENIED, DENIED]);
    assert.ok(judged.every(({ kind, isRelayFault }) => kind === "deferred" && isRelayFault));
  }
});

Deno.test("RelayingTrial: once it has answered otherwise, a denial is the recipient's", () => {
  for (const other of [SENT, UNKNOWN, outcome(451, "later")]) {
    const trial = new RelayingTrial();
    assert.equal(trial.judge([DENIED])[0]?.isRelayFault, true);
    assert.deepEqual(trial.judge([DENIED, other]), [DENIED, other]);
    assert.deepEqual(trial.judge([DENIED]), [DENIED]);
  }
});

Deno.test("RelayingTrial: failures to reach the relay prove nothing", () => {
  const trial = new RelayingTrial();
  const unreachable = { ...outcome(450, "refused"), code: null, isRelayFault: true };
  trial.judge([unreachable]);
  assert.equal(trial.judge([DENIED])[0]?.isRelayFault, true);
});
