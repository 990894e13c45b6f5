import assert from "node:assert/strict";
import { formatAge, formatDue, formatSpan } from "../../src/display/ages.ts";
import { formatTimeOfDay, formatTimestamp } from "../../src/display/timestamps.ts";

const S = 1_000;
const M = 60 * S;
const H = 60 * M;
const D = 24 * H;

Deno.test("formatSpan: names the largest whole unit", () => {
  const cases: readonly [number, string][] = [
    [0, "0s"],
    [999, "0s"],
    [45 * S, "45s"],
    [M - 1, "59s"],
    [M, "1m"],
    [3 * M + 59 * S, "3m"],
    [H, "1h"],
    [D - 1, "23h"],
    [12 * D, "12d"],
    [400 * D, "400d"],
  ];
  for (const [ms, text] of cases) assert.equal(formatSpan(ms), text);
});

Deno.test("formatAge: tells the past from what lies ahead", () => {
  const now = Date.UTC(2026, 10, 22);
  const cases: readonly [number, string][] = [
    [0, "0s"],
    [999, "0s"],
    [-3 * M, "3m"],
    [-12 * D, "12d"],
    [S, "in 1s"],
    [5 * M, "in 5m"],
    [5 * M - 1, "in 5m"],
    [2 * H + 1, "in 3h"],
  ];
  for (const [offset, text] of cases) assert.equal(formatAge(now + offset, now), text);
});

Deno.test("formatTimestamp: shows local time", () => {
  const at = new Date(2026, 10, 2, 4, 5, 6).getTime();
  assert.equal(formatTimestamp(at), "2026-11-02 04:05:06");
  assert.equal(formatTimeOfDay(at), "04:05:06");
});

Deno.test("formatDue tells what is late from what is to come", () => {
  const now = 1_000_000_000;
  const cases: readonly (readonly [number, string])[] = [
    [300_000, "in 5m"],
    [1_500, "in 2s"],
    [500, "due"],
    [-59_000, "due"],
    [-60_000, "1m late"],
    [-8 * 86_400_000, "8d late"],
  ];
  for (const [after, text] of cases) assert.equal(formatDue(now + after, now), text);
});
