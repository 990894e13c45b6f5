import assert from "node:assert/strict";
import fc from "fast-check";
import { formatDuration, parseDuration } from "../../src/queue/durations.ts";

const READ: readonly (readonly [text: string, ms: number])[] = [
  ["90s", 90_000],
  ["15m", 900_000],
  ["4h", 14_400_000],
  ["7d", 604_800_000],
  ["2w", 1_209_600_000],
  ["250ms", 250],
  ["1h30m", 5_400_000],
  ["1d12h30m5s7ms", 131_405_007],
  ["1.5h", 5_400_000],
  ["0.5s", 500],
  ["0", 0],
  ["0s", 0],
  [" 5m ", 300_000],
];

for (const [text, ms] of READ) {
  Deno.test(`parseDuration: "${text}" is ${ms} ms`, () => {
    assert.equal(parseDuration(text), ms);
  });
}

const WRONG = ["", " ", "5", "m", "5 m", "-5m", "5M", "5x", "1e3s", "5m!", "1h 30m", ".5h", "∞"];

for (const text of [...WRONG, "9999999999999999d"]) {
  Deno.test(`parseDuration: "${text}" is an error that quotes it and says what is right`, () => {
    assert.throws(() => parseDuration(text), (error: Error) => {
      assert.match(error.message, /expected a number with a unit, such as 90s, 15m, 4h or 7d/);
      assert(error.message.includes(`"${text}"`));
      return Reflect.get(error, "code") === "usage";
    });
  });
}

const SHOWN: readonly (readonly [ms: number, text: string])[] = [
  [0, "0s"],
  [1, "1ms"],
  [90_000, "1m30s"],
  [5_400_000, "1h30m"],
  [604_800_000, "7d"],
  [86_400_001, "1d1ms"],
];

for (const [ms, text] of SHOWN) {
  Deno.test(`formatDuration: ${ms} ms is ${text}`, () => {
    assert.equal(formatDuration(ms), text);
  });
}

Deno.test("parseDuration reads again what formatDuration wrote", () => {
  fc.assert(fc.property(fc.nat(1e12), (ms) => {
    assert.equal(parseDuration(formatDuration(ms)), ms);
  }));
});
