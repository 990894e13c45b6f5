import assert from "node:assert/strict";
import { type Rule, ruleFor } from "../../../src/queue/policy/rule.ts";

const any: Rule = { code: null, enhanced: null, text: null, action: "fail", waitMs: null };
const reply = (code: number | null, enhanced: string | null, text: string) => ({
  code,
  enhanced,
  text,
});
const REFUSED = reply(550, "5.7.1", "Message refused: listed at bl.example");

/** A rule, a reply, and whether the one is for the other. */
const CASES: readonly (readonly [string, Partial<Rule>, typeof REFUSED, boolean])[] = [
  ["the code", { code: "550" }, REFUSED, true],
  ["another code", { code: "551" }, REFUSED, false],
  ["a class of codes", { code: "5xx" }, REFUSED, true],
  ["a class of codes in capitals", { code: "5XX" }, REFUSED, true],
  ["another class of codes", { code: "4xx" }, REFUSED, false],
  ["a decade of codes", { code: "55x" }, REFUSED, true],
  ["the enhanced code", { enhanced: "5.7.1" }, REFUSED, true],
  ["another enhanced code", { enhanced: "5.7.10" }, REFUSED, false],
  ["a class of enhanced codes", { enhanced: "5.7.*" }, REFUSED, true],
  ["an enhanced code where there is none", { enhanced: "5.*.*" }, reply(550, null, "no"), false],
  ["a part of the text", { text: "listed at" }, REFUSED, true],
  ["a part of the text in another case", { text: "LISTED" }, REFUSED, true],
  ["two parts of the text", { text: "refused*bl.example" }, REFUSED, true],
  ["two parts in the wrong order", { text: "bl.example*refused" }, REFUSED, false],
  ["a part that is not there", { text: "greylist" }, REFUSED, false],
  ["a text on a later line", { text: "later" }, reply(450, null, "first\nLater"), true],
  ["all three", { code: "550", enhanced: "5.7.1", text: "listed" }, REFUSED, true],
  ["two of three", { code: "550", enhanced: "5.7.1", text: "unlisted" }, REFUSED, false],
  ["no reply at all", { text: "refused" }, reply(null, null, "Connection refused"), false],
  ["an acceptance", { text: "queued" }, reply(250, "2.0.0", "queued"), false],
];

for (const [what, rule, given, isMatch] of CASES) {
  Deno.test(`ruleFor: ${what}`, () => {
    const wanted = { ...any, ...rule };
    assert.equal(ruleFor([wanted], given), isMatch ? wanted : null);
  });
}

Deno.test("ruleFor: the first that matches counts", () => {
  const rules: Rule[] = [
    { ...any, code: "421" },
    { ...any, text: "listed", action: "suppress" },
    { ...any, code: "5xx", action: "defer" },
  ];
  assert.equal(ruleFor(rules, REFUSED)?.action, "suppress");
  assert.equal(ruleFor(rules, reply(552, null, "full"))?.action, "defer");
  assert.equal(ruleFor([], REFUSED), null);
});
