import assert from "node:assert/strict";
import fc from "fast-check";
import { readyMeasure, widthOf } from "../../../src/tui/measure.ts";
import { textRows } from "../../../src/tui/model/message/text_rows.ts";
import { sanitise } from "../../../src/display/sanitise.ts";

await readyMeasure();

const wrapped = (text: string, columns: number): readonly string[] => {
  const rows = textRows({ text, columns, isWrapped: true });
  return rows.slice(0, rows.count);
};

/** What is left of a text when the places of its breaks do not matter. */
const letters = (text: string) => text.replace(/[ \n]/g, "");

const TEXTS = [
  "The quick brown fox jumps over the lazy dog and runs on until the end of the line is reached",
  "Die Bestellung für Jörg Müßiggänger wurde übermäßig verspätet ausgeführt, wir bedauern dies",
  "Nous vous prions d'agréer, chère Madame, l'expression de nos sentiments les plus distingués",
  "ご注文の確認です。商品は明日発送されます。ありがとうございました。またのご利用をお待ちしております。",
  "emoji 👩‍👩‍👧‍👦 and flags 🇩🇪🇫🇷 between words, with é combining a\u0301\u0302 marks",
  "https://example.org/a/very/long/address/without/any/blank/that/has/to/be/cut/somewhere?x=1",
];

Deno.test("no letter of a text is lost at any width, and no row is wider than its room", () => {
  for (const text of TEXTS.map((one) => sanitise(`${one} ${one}`, "multi_line"))) {
    for (let columns = 20; columns <= 200; columns++) {
      const rows = wrapped(text, columns);
      assert.equal(letters(rows.join("")), letters(text));
      for (const row of rows) assert.ok(widthOf(row) <= columns, `${columns}: "${row}"`);
    }
  }
});

Deno.test("no letter is lost of any text that is safe for a terminal", () => {
  const text = fc.array(
    fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ unit: "binary" }), fc.constant(" ")),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(text, fc.integer({ min: 20, max: 200 }), (parts, columns) => {
      const safe = sanitise(parts.join(""), "multi_line");
      const rows = wrapped(safe, columns);
      assert.equal(letters(rows.join("")), letters(safe));
      for (const row of rows) assert.ok(widthOf(row) <= columns);
    }),
    { numRuns: 500 },
  );
});

Deno.test("words stay whole, whatever letters a line has", () => {
  assert.deepEqual(wrapped("Die Bestellung für Jörg Müller kommt", 20), [
    "Die Bestellung für ",
    "Jörg Müller kommt",
  ]);
  // The blank falls behind the last column.
  assert.deepEqual(wrapped("Die Bestellung von Jörg kommt spät", 18), [
    "Die Bestellung von",
    "Jörg kommt spät",
  ]);
  assert.deepEqual(wrapped("abcdefghij klmnopqrstuvwxyz", 10), [
    "abcdefghij",
    "klmnopqrst",
    "uvwxyz",
  ]);
  assert.deepEqual(wrapped("", 10), [""]);
  assert.deepEqual(wrapped("one\n\ntwo\n", 10), ["one", "", "two"]);
});

Deno.test("a long line is wrapped no further than it is asked for", () => {
  const rows = textRows({ text: "Grüße und Wörter ".repeat(600), columns: 80, isWrapped: true });
  assert.equal(rows.slice(0, 20).length, 20);
  assert.equal(rows.reached, 20);
  assert.ok(rows.count > 100);
});
