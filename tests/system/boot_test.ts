import assert from "node:assert/strict";
import { type Boot, bootMark, isOfBoot, thisBoot } from "../../src/system/boot.ts";

const ONE: Boot = { id: "7816bdf8-fcc9-444b-8654-e77dcebce00a", atMs: 1_000 };
const OTHER = "0c5f7d36-1a2e-4bd4-9d6f-0a1b2c3d4e5f";
const UNNAMED = { ...ONE, id: null };

const CASES: readonly (readonly [string, Boot, Boot, boolean])[] = [
  ["one boot is itself", ONE, ONE, true],
  ["and stays itself when its clock is set", ONE, { ...ONE, atMs: 9e11 }, true],
  ["two that began at one fake time are two", ONE, { ...ONE, id: OTHER }, false],
  ["without names, the time tells", UNNAMED, { ...UNNAMED, atMs: 4_000 }, true],
  ["and another time is another boot", UNNAMED, { ...UNNAMED, atMs: 900_000 }, false],
  ["a mark with a name says nothing to who has none", ONE, UNNAMED, false],
  ["nor the other way", UNNAMED, ONE, false],
  [
    "a name whose bytes are no number is not taken for any time",
    {
      ...ONE,
      id: "ffffffff-ffff-ffff-ffff-ffffffffffff",
    },
    UNNAMED,
    false,
  ],
];

for (const [what, written, now, isSame] of CASES) {
  Deno.test(`boot: ${what}`, () => {
    assert.equal(isOfBoot(bootMark(written), now), isSame);
  });
}

Deno.test("boot: this machine's has a mark of eight bytes; fewer are of no boot", () => {
  const boot = thisBoot();
  const mark = bootMark(boot);
  assert.equal(mark.length, 8);
  assert.ok(isOfBoot(mark, boot));
  assert.ok(isOfBoot(Uint8Array.from([...mark, 1, 2]), boot), "what follows does not matter");
  assert.equal(isOfBoot(mark.subarray(0, 7), boot), false);
});
