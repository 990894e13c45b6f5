import assert from "node:assert/strict";
import fc from "fast-check";
import { type AttemptResult, deriveResult, type OutcomeKind } from "../../src/queue/outcome.ts";

const KINDS: readonly OutcomeKind[] = ["sent", "deferred", "failed", "uncertain"];

const CASES: readonly (readonly [kinds: readonly OutcomeKind[], result: AttemptResult])[] = [
  [["sent"], "sent"],
  [["sent", "sent"], "sent"],
  [["failed"], "failed"],
  [["failed", "failed"], "failed"],
  [["deferred"], "deferred"],
  [["deferred", "failed"], "deferred"],
  [["uncertain"], "uncertain"],
  [["failed", "deferred", "uncertain"], "uncertain"],
  [["sent", "failed"], "partial"],
  [["deferred", "sent"], "partial"],
  [["uncertain", "sent"], "partial"],
];

for (const [kinds, result] of CASES) {
  Deno.test(`deriveResult: ${kinds.join(" and ")}: ${result}`, () => {
    assert.equal(deriveResult(kinds), result);
  });
}

Deno.test("deriveResult: the order of the outcomes does not matter, nor how often each is there", () => {
  const some = fc.array(fc.constantFrom(...KINDS), { minLength: 1, maxLength: 8 });
  fc.assert(fc.property(some, (kinds) => {
    const result = deriveResult(kinds);
    assert.equal(deriveResult([...kinds].reverse()), result);
    assert.equal(deriveResult([...new Set(kinds)]), result);
    assert.equal(result === "sent", kinds.every((kind) => kind === "sent"));
  }));
});
