import assert from "node:assert/strict";
import fc from "fast-check";
import stringWidth from "string-width";
import { paint } from "../../src/display/colour.ts";
import { type Column, formatTable, layOutTable } from "../../src/display/table.ts";

const COLUMNS: readonly Column[] = [
  { title: "ID", min: 6 },
  { title: "TRY", align: "right" },
  { title: "TO", min: 8, max: 20 },
  { title: "SUBJECT", min: 6, rank: 1 },
];
const ROWS = [
  ["7kq3vd", "5", "ops@acme.test", "Invoice 2026-11"],
  ["m20xte", "12", "a.very.long.address@acme.test", "ご注文の確認 № 42"],
  ["c9f4wb", "0", "eve@evil.test", "\x1b[31mred\nline"],
];

Deno.test("formatTable: cuts nothing where there is no terminal", async () => {
  assert.deepEqual(await formatTable(COLUMNS, ROWS, null), [
    "ID      TRY  TO                             SUBJECT",
    "7kq3vd    5  ops@acme.test                  Invoice 2026-11",
    "m20xte   12  a.very.long.address@acme.test  ご注文の確認 № 42",
    "c9f4wb    0  eve@evil.test                  ␛[31mred␊line",
  ]);
});

Deno.test("formatTable: keeps to the columns' widest on a terminal", async () => {
  assert.deepEqual(await formatTable(COLUMNS, ROWS, 80), [
    "ID      TRY  TO                    SUBJECT",
    "7kq3vd    5  ops@acme.test         Invoice 2026-11",
    "m20xte   12  a.very.long.address…  ご注文の確認 № 42",
    "c9f4wb    0  eve@evil.test         ␛[31mred␊line",
  ]);
});

Deno.test("formatTable: shrinks the widest columns first", async () => {
  assert.deepEqual(await formatTable(COLUMNS, ROWS, 40), [
    "ID      TRY  TO            SUBJECT",
    "7kq3vd    5  ops@acme.te…  Invoice 2026…",
    "m20xte   12  a.very.long…  ご注文の確認…",
    "c9f4wb    0  eve@evil.te…  ␛[31mred␊line",
  ]);
});

Deno.test("formatTable: leaves out a ranked column that has no room", async () => {
  assert.deepEqual(await formatTable(COLUMNS, ROWS, 26), [
    "ID      TRY  TO",
    "7kq3vd    5  ops@acme.test",
    "m20xte   12  a.very.long.…",
    "c9f4wb    0  eve@evil.test",
  ]);
});

Deno.test("formatTable: shows the header of an empty table", async () => {
  assert.deepEqual(await formatTable(COLUMNS, [], 80), ["ID  TRY  TO  SUBJECT"]);
});

Deno.test("formatTable: styles the text and not the blanks beside it", async () => {
  const red = (text: string) => paint(text, "red", { usesColor: true });
  const rows = [[{ text: "a", style: red }, { text: "1", style: red }, "x"]];
  const columns: Column[] = [{ title: "AAA" }, { title: "NNN", align: "right" }, { title: "X" }];
  assert.deepEqual(await formatTable(columns, rows, null), [
    "AAA  NNN  X",
    "\x1b[31ma\x1b[0m      \x1b[31m1\x1b[0m  x",
  ]);
});

Deno.test("layOutTable: keeps its widths for rows that come later", async () => {
  const table = await layOutTable([{ title: "ID" }, { title: "TO" }], [["1234", "ab"]], 10);
  assert.equal(table.header, "ID    TO");
  assert.deepEqual(await table.lines([["12", "x"], ["123456", "漢字"]]), ["12    x", "123…  …"]);
  const free = await layOutTable([{ title: "ID" }, { title: "TO" }], [["1234", "ab"]], null);
  assert.deepEqual(await free.lines([["123456", "abc"]]), ["123456  abc"]);
});

Deno.test("formatTable: no line is wider than the terminal", async () => {
  const row = fc.array(fc.string({ unit: "grapheme" }), { minLength: 4, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 5 }), fc.integer({ min: 1, max: 60 }), async (
      rows,
      width,
    ) => {
      for (const line of await formatTable(COLUMNS, rows, width)) {
        assert.ok(stringWidth(line) <= width, JSON.stringify(line));
      }
    }),
    { numRuns: 300 },
  );
});
