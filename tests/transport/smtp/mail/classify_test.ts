import assert from "node:assert/strict";
import type { Phase } from "../../../../src/queue/outcome.ts";
import {
  classify,
  type Happening,
  isPositive,
} from "../../../../src/transport/smtp/mail/classify.ts";

const fresh = { isUsed: false, isFull: false };
const used = { isUsed: true, isFull: false };
const full = { isUsed: false, isFull: true };

type Case = readonly [
  phases: readonly Phase[],
  happenings: readonly (string | Extract<Happening, string>)[],
  circumstances: typeof fresh,
  verdict: string,
];

const ALL = ["greeting", "hello", "mail", "rcpt", "data", "content", "dot"] as const;
const BREAKS = ["lost", "timeout", "garbage"] as const;

/** The verdict as `kind`, `!` for a relay fault, and the next step. */
const CASES: readonly Case[] = [
  [["greeting", "hello", "mail", "rcpt", "dot"], ["250", "220", "251"], fresh, "sent continue"],
  [["data"], ["354"], fresh, "sent continue"],

  [["mail", "rcpt", "data", "dot"], ["450", "451 4.7.1", "452", "499"], fresh, "deferred continue"],
  [["rcpt"], ["550", "550 5.1.1", "553", "599", "552", "554 5.7.1"], fresh, "failed continue"],
  [["mail", "data", "dot", "content"], ["550", "552 5.3.4", "554 5.7.1"], fresh, "failed continue"],

  [["rcpt"], ["452 4.5.3", "452", "552", "550 5.5.3"], full, "deferred new_transaction"],
  [["rcpt"], ["421", "421 4.5.3"], full, "deferred reconnect"],
  [["rcpt"], ["452 4.5.3", "452 4.2.2"], fresh, "deferred continue"],

  [["mail", "rcpt", "data", "content", "dot"], ["421", "421 4.3.2"], fresh, "deferred reconnect"],
  [["mail"], ["450", "451 4.3.0", "421"], used, "deferred reconnect"],
  [["rcpt", "data", "dot"], ["450", "451 4.3.0"], used, "deferred continue"],
  [["mail"], ["550"], used, "failed continue"],
  [["reset"], ["250"], used, "sent continue"],
  [["reset"], ["421", "500", "451"], used, "deferred reconnect"],

  [["greeting"], ["421", "450", "554", "521 5.3.2", "354"], fresh, "deferred! close"],
  [["hello"], ["450", "550", "504", "354"], fresh, "deferred! close"],
  [["hello"], ["421"], fresh, "deferred! reconnect"],
  [
    ["greeting", "hello", "mail", "data", "dot"],
    ["530", "530 5.7.0", "535 5.7.8", "550 5.7.8", "554 5.7.9", "450 4.7.8"],
    fresh,
    "deferred! close",
  ],
  [["rcpt"], ["530", "535", "550 5.7.8", "451 4.7.9"], full, "deferred! continue"],

  [["mail", "rcpt"], ["354"], fresh, "deferred! close"],
  [["data"], ["250", "399"], fresh, "deferred! close"],
  [["dot"], ["354"], fresh, "uncertain close"],

  [["connect", "greeting", "hello"], BREAKS, fresh, "deferred! close"],
  [["mail", "rcpt", "data", "content"], ["lost", "timeout"], fresh, "deferred close"],
  [["rcpt", "data", "content"], ["lost", "timeout"], used, "deferred close"],
  [["mail"], ["lost"], used, "deferred reconnect"],
  [["mail"], ["timeout"], used, "deferred close"],
  [["reset"], BREAKS, used, "deferred reconnect"],
  [["mail", "rcpt", "data", "content"], ["garbage"], fresh, "deferred! close"],
  [["dot"], BREAKS, fresh, "uncertain close"],
  [["connect", ...ALL], ["stopped"], fresh, "deferred close"],
];

for (const [phases, happenings, circumstances, expected] of CASES) {
  for (const phase of phases) {
    for (const happening of happenings) {
      const facts = Object.entries(circumstances).filter(([, is]) => is).map(([name]) => name);
      Deno.test(`classify: ${happening} at ${phase} ${facts} is ${expected}`, () => {
        const { kind, isRelayFault, next } = classify(
          phase,
          readHappening(happening),
          circumstances,
        );
        assert.equal(`${kind}${isRelayFault ? "!" : ""} ${next}`, expected);
      });
    }
  }
}

function readHappening(text: string): Happening {
  if (text === "lost" || text === "timeout" || text === "garbage" || text === "stopped") {
    return text;
  }
  const [code, enhanced] = text.split(" ");
  return { code: Number(code), enhanced: enhanced ?? null };
}

Deno.test("classify: no reply and no break but a clear refusal of the message is final", () => {
  for (const phase of ALL) {
    for (let code = 200; code < 600; code++) {
      for (const circumstances of [fresh, used, full]) {
        const { kind } = classify(phase, { code, enhanced: null }, circumstances);
        if (kind === "failed") assert.ok(code >= 500, `${code} at ${phase}`);
        if (kind === "sent") assert.ok(code < 300 || code === 354, `${code} at ${phase}`);
      }
    }
  }
});

Deno.test("isPositive: agrees with the table", () => {
  for (const phase of ["mail", "rcpt", "data", "dot"] as const) {
    for (let code = 200; code < 600; code++) {
      const { kind } = classify(phase, { code, enhanced: null }, fresh);
      assert.equal(isPositive(phase, code), kind === "sent", `${code} at ${phase}`);
    }
  }
});
