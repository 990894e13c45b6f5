import assert from "node:assert/strict";
import { judge, type Measured } from "./report.ts";

const times: Pick<Measured, "name" | "unit" | "yardstickName"> = {
  name: "x",
  unit: "ms",
  yardstickName: "y",
};
const ones = Array<number>(9).fill(1);

Deno.test("judge: a budget is missed by more than the noise of its rounds", () => {
  const steady = ones.map((_, n) => 1.30 + n * 0.001);
  assert.equal(
    judge({ ...times, ours: steady, yardstick: ones, budget: { atMost: 1.2 } }).isMissed,
    true,
  );
  const noisy = [0.7, 0.9, 1.1, 1.2, 1.3, 1.5, 1.8, 2.1, 2.6];
  const judged = judge({ ...times, ours: noisy, yardstick: ones, budget: { atMost: 1.2 } });
  assert.equal(judged.ratio, 1.3);
  assert.ok(judged.noise > 0.1);
  assert.equal(judged.isMissed, false);
});

Deno.test("judge: rates are missed from below, and ratios are taken round by round", () => {
  const machine = [1, 5, 2, 9, 3];
  const ours = machine.map((speed) => speed * 0.4);
  const judged = judge({ ...times, ours, yardstick: machine, budget: { atLeast: 0.5 } });
  assert.ok(Math.abs(judged.ratio - 0.4) < 1e-9);
  assert.equal(judged.isMissed, true);
  assert.equal(
    judge({ ...times, ours, yardstick: machine, budget: { atLeast: 0.3 } }).isMissed,
    false,
  );
});
