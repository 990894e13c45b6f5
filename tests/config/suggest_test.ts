import assert from "node:assert/strict";
import { SETTINGS } from "../../src/config/definitions.ts";
import { suggestName } from "../../src/config/suggest.ts";

Deno.test("suggestName: finds what was meant, and nothing where nothing is near", () => {
  const cases: readonly [string, string | null][] = [
    ["max-size", "max_size"],
    ["MaxSize", "max_size"],
    ["retry.maximum", "retry.max"],
    ["retry.schedul", "retry.schedule"],
    ["lifetime", "retry.lifetime"],
    ["retry.concurrency", "concurrency"],
    ["form", "from"],
    ["frm", "from"],
    ["fromm", "from"],
    ["foo", null],
    ["redirect", "redirect_to"],
    ["hostnaem", "hostname"],
    ["colour", null],
    ["x", null],
    ["__proto__", null],
  ];
  for (const [name, meant] of cases) assert.equal(suggestName(name, Object.keys(SETTINGS)), meant);
});
