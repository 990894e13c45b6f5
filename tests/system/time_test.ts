import assert from "node:assert/strict";
import { childOk } from "../support/child.ts";
import { systemClock, systemRandom, systemTimers, wait } from "../../src/system/time.ts";

const TIME = import.meta.resolve("../../src/system/time.ts");

Deno.test("wait ends after its time", async () => {
  const startedAt = performance.now();
  await wait(20, new AbortController().signal);
  // Timers count whole milliseconds.
  assert.ok(performance.now() - startedAt >= 19);
});

Deno.test("wait ends with the signal and leaves no timer behind", async () => {
  const stop = new AbortController();
  const waiting = wait(60_000, stop.signal);
  stop.abort();
  // The test runner fails this test if the timer is still there.
  await waiting;
});

Deno.test("wait does not begin once the signal is aborted", async () => {
  await wait(60_000, AbortSignal.abort());
});

Deno.test("a thousand waits leave no listener on the signal", async () => {
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(signal, args);
  };
  await Promise.all(Array.from({ length: 1_000 }, () => wait(1, signal)));
  assert.equal(listeners, 0);
});

Deno.test("a cancelled timer does not call", async () => {
  const over = new AbortController();
  const calls: string[] = [];
  const cancel = systemTimers.after(1, () => calls.push("cancelled"));
  systemTimers.after(2, () => {
    calls.push("kept");
    over.abort();
  });
  cancel();
  await wait(60_000, over.signal);
  assert.deepEqual(calls, ["kept"]);
});

Deno.test("a timer keeps no process alive", async () => {
  const code = `import { systemTimers } from ${JSON.stringify(TIME)};` +
    `systemTimers.after(600_000, () => {}); console.log("over");`;
  const signal = AbortSignal.timeout(60_000);
  assert.equal(await childOk([Deno.execPath(), "eval", code], { signal }), "over\n");
});

Deno.test("the system's clock tells the time and its timers go forward", () => {
  assert.ok(Math.abs(systemClock.now() - Date.now()) < 60_000);
  const first = systemTimers.now();
  assert.ok(systemTimers.now() >= first);
});

Deno.test("randomness is as long as asked for, below 1, and does not repeat", () => {
  const one = systemRandom.bytes(16);
  assert.equal(one.length, 16);
  assert.notDeepEqual(one, systemRandom.bytes(16));
  const number = systemRandom.unit();
  assert.ok(number >= 0 && number < 1);
});
