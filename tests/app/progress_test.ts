import assert from "node:assert/strict";
import { megabytes, Progress } from "../../src/app/progress.ts";

/** A terminal that knows what it was told, and a clock that stands still. */
class Desk {
  now = 0;
  readonly told: (string | null)[] = [];
  readonly hearsProgress: boolean;

  constructor({ isTerminal }: { readonly isTerminal: boolean } = { isTerminal: true }) {
    this.hearsProgress = isTerminal;
  }

  progress(text: string | null): void {
    this.told.push(text);
  }

  make(what: string, format?: (amount: number) => string): Progress {
    return new Progress(this, { what, format, now: () => this.now });
  }
}

Deno.test("Progress: what is done within a second is not told of", () => {
  const desk = new Desk();
  const progress = desk.make("sending");
  desk.now = 999;
  progress.note(10, 100);
  assert.deepEqual(desk.told, []);
});

Deno.test("Progress: says how much of how much, how fast and how long it will take", () => {
  const desk = new Desk();
  const progress = desk.make("sending");
  desk.now = 1_000;
  progress.note(500, 5_000);
  assert.deepEqual(desk.told, ["sending: 500 of 5,000, 500/s, 9s left"]);
});

Deno.test("Progress: is told five times a second at most", () => {
  const desk = new Desk();
  const progress = desk.make("purging");
  for (desk.now = 1_000; desk.now < 2_000; desk.now += 10) progress.note(desk.now, null);
  assert.equal(desk.told.length, 5);
});

Deno.test("Progress: the rate is that of the last ten seconds", () => {
  const desk = new Desk();
  const progress = desk.make("purging");
  const note = (at: number, done: number) => {
    desk.now = at;
    progress.note(done, 100_000);
  };
  for (let s = 1; s <= 10; s++) note(s * 1_000, s * 1_000);
  for (let s = 11; s <= 40; s++) note(s * 1_000, 10_000 + (s - 10) * 10);
  assert.match(desk.told.at(-1) ?? "", /, 10\/s, /);
});

Deno.test("Progress: what is slow is counted by the minute", () => {
  const desk = new Desk();
  const progress = desk.make("sending");
  desk.now = 30_000;
  progress.note(2, null);
  assert.deepEqual(desk.told, ["sending: 2, 4/min"]);
});

Deno.test("Progress: amounts may be bytes", () => {
  const desk = new Desk();
  const progress = desk.make("copying", megabytes);
  desk.now = 2_000;
  progress.note(3 * 1024 * 1024, 6 * 1024 * 1024);
  assert.deepEqual(desk.told, ["copying: 3.0 MB of 6.0 MB, 1.5 MB/s, 2s left"]);
});

Deno.test("Progress: its line is gone at the end", () => {
  const desk = new Desk();
  {
    using progress = desk.make("sending");
    desk.now = 5_000;
    progress.note(1, 2);
  }
  assert.equal(desk.told.at(-1), null);
});

Deno.test("Progress: nobody is told where nobody sees it", () => {
  const desk = new Desk({ isTerminal: false });
  const progress = desk.make("sending");
  desk.now = 5_000;
  progress.note(1, 2);
  assert.deepEqual(desk.told, []);
});
