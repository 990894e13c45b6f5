import assert from "node:assert/strict";
import { Watchdog } from "../../../../src/transport/smtp/connection/timers.ts";
import { FakeTimers } from "../../../support/smtp_timers.ts";

function watched() {
  const timers = new FakeTimers();
  const expired: number[] = [];
  const watchdog = new Watchdog(timers, () => expired.push(timers.now()));
  return { timers, expired, watchdog };
}

Deno.test("Watchdog: expires at its deadline, not before", () => {
  const { timers, expired, watchdog } = watched();
  watchdog.arm(100);
  timers.pass(98);
  assert.deepEqual(expired, []);
  timers.pass(2);
  assert.deepEqual(expired, [100]);
});

Deno.test("Watchdog: a later deadline replaces the earlier", () => {
  const { timers, expired, watchdog } = watched();
  watchdog.arm(100);
  timers.pass(50);
  watchdog.arm(500);
  timers.pass(499);
  assert.deepEqual(expired, []);
  timers.pass(1);
  assert.deepEqual(expired, [550]);
});

Deno.test("Watchdog: an earlier deadline counts, too", () => {
  const { timers, expired, watchdog } = watched();
  watchdog.arm(500);
  watchdog.arm(100);
  timers.pass(100);
  assert.deepEqual(expired, [100]);
});

Deno.test("Watchdog: disarmed it does not expire, and can be armed again", () => {
  const { timers, expired, watchdog } = watched();
  watchdog.arm(100);
  watchdog.disarm();
  timers.pass(1_000);
  assert.deepEqual(expired, []);
  watchdog.arm(100);
  timers.pass(100);
  assert.deepEqual(expired, [1_100]);
});

Deno.test("Watchdog: stopped it leaves no timer", () => {
  const { timers, expired, watchdog } = watched();
  watchdog.arm(100);
  watchdog.stop();
  assert.equal(timers.pending, 0);
  timers.pass(1_000);
  assert.deepEqual(expired, []);
});

Deno.test("Watchdog: a thousand steps in a row share their timers", () => {
  const { timers, watchdog } = watched();
  for (let i = 0; i < 1_000; i++) {
    watchdog.arm(300_000);
    watchdog.arm(120_000);
    watchdog.arm(600_000);
    watchdog.disarm();
    timers.pass(1);
  }
  assert.ok(timers.started <= 3, `${timers.started} timers`);
});
