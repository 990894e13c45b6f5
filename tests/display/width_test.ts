import assert from "node:assert/strict";
import fc from "fast-check";
import stringWidth from "string-width";
import { STATE_LOOKS } from "../../src/display/colour.ts";
import { sanitise } from "../../src/display/sanitise.ts";
import { cutText, loadMeasure, padText } from "../../src/display/width.ts";

const WIDE = ["ご注文", "👍🏽"];

Deno.test("loadMeasure: counts columns, not characters", async () => {
  const measure = await loadMeasure(WIDE);
  const cases: readonly [string, number][] = [
    ["", 0],
    ["abc", 3],
    ["Grüße…", 6],
    ["ご注文", 6],
    ["👍🏽", 2],
    ["🇩🇪", 2],
    ["e\u0301", 1],
    ["␛[2J�", 5],
  ];
  for (const [text, columns] of cases) assert.equal(measure(text), columns, text);
});

Deno.test("loadMeasure: its short cut for plain text counts as string-width does", async () => {
  const measure = await loadMeasure(WIDE);
  for (let code = 0x20; code <= 0xffff; code++) {
    const char = String.fromCharCode(code);
    if (sanitise(char) === char) assert.equal(measure(char), stringWidth(char), char);
  }
});

Deno.test("loadMeasure: every state's glyph takes one column", async () => {
  for (const { glyph } of Object.values(STATE_LOOKS)) {
    assert.equal((await loadMeasure([glyph]))(glyph), 1);
    assert.equal(stringWidth(glyph), 1);
  }
});

Deno.test("cutText: keeps whole characters and says that something is missing", async () => {
  const measure = await loadMeasure(WIDE);
  const cases: readonly [string, number, string][] = [
    ["Invoice", 7, "Invoice"],
    ["Invoice", 6, "Invoi…"],
    ["Invoice", 1, "…"],
    ["Invoice", 0, ""],
    ["Invoice", -3, ""],
    ["", 0, ""],
    ["ご注文の確認", 12, "ご注文の確認"],
    ["ご注文の確認", 11, "ご注文の確…"],
    ["ご注文の確認", 10, "ご注文の…"],
    ["👍🏽👍🏽👍🏽", 4, "👍🏽…"],
    ["e\u0301e\u0301e\u0301", 2, "e\u0301…"],
  ];
  for (const [text, columns, cut] of cases) assert.equal(cutText(text, columns, measure), cut);
});

Deno.test("padText: fills up to the left or to the right, and cuts nothing", async () => {
  const measure = await loadMeasure(WIDE);
  assert.equal(padText("ab", 4, measure), "ab  ");
  assert.equal(padText("ab", 4, measure, "right"), "  ab");
  assert.equal(padText("注文", 5, measure), "注文 ");
  assert.equal(padText("abcdef", 4, measure), "abcdef");
});

Deno.test("cutText and padText: give exactly the columns asked for, for any safe text", async () => {
  const measure = await loadMeasure(WIDE);
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: "grapheme" }),
    fc.array(fc.constantFrom("漢", "👨", "🇩", "🏽", "\u0301", "a", "ﾞ", "ᄀ", "ᅡ", "\u0600", "क्"))
      .map((parts) => parts.join("")),
  ).map((text) => sanitise(text));
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 40 }), (text, columns) => {
      const cut = cutText(text, columns, measure);
      assert.ok(stringWidth(cut) <= columns, JSON.stringify(cut));
      assert.equal(stringWidth(padText(cut, columns, measure)), columns);
    }),
    { numRuns: 1_000 },
  );
});
