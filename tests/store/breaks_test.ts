import assert from "node:assert/strict";
import { Breaks } from "../../src/store/sqlite/claims/breaks.ts";

/** A thread whose work and sleep take the time they are said to. */
function thread() {
  let now = 0;
  let rests = 0;
  const breaks = new Breaks({
    now: () => now,
    sleep: (ms) => {
      assert.ok(ms > 0 && ms < 1, `${ms} ms asked for`);
      now += 0.2;
      rests++;
    },
  });
  return {
    idle: (ms: number) => now += ms,
    /** Works in steps of 0.05 ms; returns how often it rested. */
    work: (ms: number) => {
      rests = 0;
      breaks.beginWork();
      for (let step = 0; step < ms * 20; step++) {
        breaks.maybeRest();
        now += 0.05;
      }
      breaks.endWork();
      return rests;
    },
  };
}

Deno.test("breaks: there are none for who had no time to wait for work", () => {
  const { work } = thread();
  assert.deepEqual([work(5), work(5), work(100)], [0, 0, 0]);
});

Deno.test("breaks: what is short needs none", () => {
  const { idle, work } = thread();
  idle(100);
  assert.equal(work(0.2), 0);
});

Deno.test("breaks: time without work pays for some, and for no more", () => {
  const { idle, work } = thread();
  idle(1);
  assert.equal(work(10), 5, "one millisecond pays for five rests of 0.2 ms");
  assert.equal(work(10), 0);
});

Deno.test("breaks: they come at short intervals, however long the thread was idle", () => {
  const { idle, work } = thread();
  idle(1_000_000);
  assert.equal(work(5), 19);
  assert.ok(work(1_000) <= 100, "what is saved up is limited");
});

Deno.test("breaks: a thread that is busy most of the time has none", () => {
  const { idle, work } = thread();
  work(20);
  for (let round = 0; round < 10; round++) {
    idle(1);
    assert.equal(work(20), 0, `round ${round}`);
  }
});
