import assert from "node:assert/strict";
import { SETTINGS } from "../../src/config/definitions.ts";
import { editDistance, suggestName } from "../../src/config/suggest.ts";

Deno.test("editDistance: counts letters inserted, dropped, changed and swapped", () => {
  const cases: readonly [string, string, number][] = [
    ["", "", 0],
    ["abc", "abc", 0],
    ["", "abc", 3],
    ["abc", "ab", 1],
    ["abc", "axc", 1],
    ["abc", "acb", 1],
    ["kitten", "sitting", 3],
  ];
  for (const [a, b, distance] of cases) {
    assert.equal(editDistance(a, b), distance);
    assert.equal(editDistance(b, a), distance);
  }
});

Deno.test("suggestName: finds what was meant, and nothing where nothing is near", () => {
  const cases: readonly [string, string | null][] = [
    ["max-size", "max_size"],
    ["MaxSize", "max_size"],
    ["retry.maximum", "retry.max"],
    ["retry.schedul", "retry.schedule"],
    ["lifetime", "retry.lifetime"],
    ["retry.concurrency", "concurrency"],
    ["form", "from"],
    ["redirect", "redirect_to"],
    ["hostnaem", "hostname"],
    ["colour", null],
    ["x", null],
    ["__proto__", null],
  ];
  for (const [name, meant] of cases) assert.equal(suggestName(name, Object.keys(SETTINGS)), meant);
});
