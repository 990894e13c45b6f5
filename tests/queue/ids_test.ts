import assert from "node:assert/strict";
import fc from "fast-check";
import { ID_LENGTH, makeId, normaliseId } from "../../src/queue/ids.ts";

Deno.test("makeId: 12 letters and digits that cannot be misread", () => {
  const bytes = fc.uint8Array({ minLength: ID_LENGTH, maxLength: 20 });
  fc.assert(fc.property(bytes, (some) => {
    const id = makeId(some);
    assert.match(id, /^[0-9a-hjkmnp-tv-z]{12}$/);
    assert.equal(normaliseId(id), id);
    assert.equal(normaliseId(id.toUpperCase()), id);
  }));
});

Deno.test("makeId: every place takes every letter, each from five random bits", () => {
  const letters = new Set(Array.from({ length: 256 }, (_, byte) => {
    const id = makeId(new Uint8Array(ID_LENGTH).fill(byte));
    assert.equal(new Set(id).size, 1);
    return id[0];
  }));
  assert.equal(letters.size, 32);
});

const TYPED: readonly (readonly [text: string, id: string | null])[] = [
  ["a", "a"],
  ["7K3M", "7k3m"],
  ["oO0", "000"],
  ["iIlL1", "11111"],
  ["0123456789ab", "0123456789ab"],
  ["0123456789abc", null],
  ["", null],
  ["u", null],
  [" a", null],
  ["a*", null],
  ["a%", null],
  ["é", null],
  ["--all", null],
];

for (const [text, id] of TYPED) {
  Deno.test(`normaliseId: "${text}" reads as ${id}`, () => {
    assert.equal(normaliseId(text), id);
  });
}
