import assert from "node:assert/strict";
import type { Timers } from "../../../src/system/time.ts";
import { systemTimers } from "../../../src/system/time.ts";
import { SmtpTalk } from "../../support/smtp_talk.ts";
import { Listening } from "./listening.ts";

/** Real timers whose clock can be moved on: what is due then comes at once. */
class MovedTimers implements Timers {
  #moved = 0;
  readonly #sweeps = new Set<() => void>();

  now(): number {
    return systemTimers.now() + this.#moved;
  }

  after(ms: number, run: () => void): () => void {
    if (ms < 1_000) return systemTimers.after(ms, run);
    // What comes once a second, or later, comes when the test says so.
    const one = () => {
      this.#sweeps.delete(one);
      run();
    };
    this.#sweeps.add(one);
    return () => void this.#sweeps.delete(one);
  }

  /** Moves the clock, and has all that is due by now happen. */
  pass(ms: number): void {
    this.#moved += ms;
    for (const run of [...this.#sweeps]) run();
  }
}

Deno.test("limits: who says nothing for five minutes is sent away; who is busy stays", async () => {
  const timers = new MovedTimers();
  await using listening = await Listening.start({}, timers);
  using idle = await listening.talk();
  using busy = await listening.talk();
  timers.pass(299_000);
  await busy.command("NOOP", 250);
  timers.pass(2_000);
  assert.match(await idle.reply(), /^421 4\.4\.2 /);
  await idle.closed();
  await busy.command("NOOP", 250);
});

Deno.test("limits: a command, or a text, that comes drop by drop is not waited for longer", async () => {
  const timers = new MovedTimers();
  await using listening = await Listening.start({}, timers);
  using command = await listening.talk();
  using text = await listening.talk();
  await text.begin("a@b.c", "d@e.f");
  await text.command("DATA", 354);
  for (let n = 0; n < 3; n++) {
    await command.send("x");
    await text.send("x");
    timers.pass(100_000);
  }
  timers.pass(1_000);
  assert.match(await command.reply(), /^421 4\.4\.2 /);
  assert.match(await text.reply(), /^421 4\.4\.2 /);
  assert.deepEqual(await listening.app.messages(), []);
});

Deno.test("limits: where all connections are in use, who keeps all waiting makes room", async () => {
  const timers = new MovedTimers();
  await using listening = await Listening.start({ "listen.max_connections": 3 }, timers);
  using first = await listening.talk();
  using second = await listening.talk();
  using third = await listening.talk();
  using refused = await SmtpTalk.connect(listening.place);
  assert.match(await refused.reply(), /^421 4\.7\.0 host\.test: too many connections; try again/);
  timers.pass(900);
  await first.command("NOOP", 250);
  await third.command("NOOP", 250);
  timers.pass(200);
  using fourth = await listening.talk();
  assert.match(await second.reply(), /^421 4\.7\.0 .*others need the connection/);
  await fourth.mail();
  await first.mail();
});

Deno.test("limits: while most connections are in use ten seconds are enough", async () => {
  const timers = new MovedTimers();
  await using listening = await Listening.start({ "listen.max_connections": 4 }, timers);
  const talks = await Promise.all([1, 2, 3, 4].map(() => listening.talk()));
  timers.pass(11_000);
  for (const talk of talks) {
    assert.match(await talk.reply(), /^421 4\.4\.2 /);
    talk[Symbol.dispose]();
  }
});

Deno.test("limits: too many recipients, errors or idle commands", async () => {
  await using listening = await Listening.start();
  using many = await listening.talk();
  await many.begin("a@b.c");
  const lines = Array.from({ length: 1_001 }, (_, n) => `RCPT TO:<u${n}@x.test>`);
  const codes = (await many.codes(...lines)).split(" ");
  assert.deepEqual([codes[999], codes[1_000]], ["250", "452"]);
  using wrong = await listening.talk();
  assert.equal(await wrong.codes(...Array(21).fill("FOO")), `${"500 ".repeat(20)}421`);
  using idle = await listening.talk();
  assert.equal(await idle.codes(...Array(101).fill("NOOP")), `${"250 ".repeat(100)}421`);
});

Deno.test("limits: 1,000 idle and 200 dripping connections hold up nobody", async () => {
  await using listening = await Listening.start({ "listen.max_connections": 1_300 });
  const idle: SmtpTalk[] = [];
  const dripping: SmtpTalk[] = [];
  for (let n = 0; n < 1_000; n += 50) {
    idle.push(...await Promise.all(Array.from({ length: 50 }, () => listening.talk())));
  }
  for (let n = 0; n < 200; n += 50) {
    dripping.push(...await Promise.all(Array.from({ length: 50 }, () => listening.talk())));
  }
  for (const talk of dripping) {
    await talk.begin("a@b.c", "d@e.f");
    await talk.command("DATA", 354);
  }
  const from = performance.now();
  using talk = await listening.talk();
  for (let n = 0; n < 20; n++) {
    const drips = dripping.map((one) => one.send("x"));
    await Promise.all([talk.mail(`Subject: ${n}\r\n\r\nHi\r\n`), ...drips]);
  }
  const eachMs = (performance.now() - from) / 20;
  for (const one of [...idle, ...dripping]) one[Symbol.dispose]();
  assert.equal((await listening.app.messages()).length, 20);
  // An idle machine takes 10 ms; a dead one minutes.
  assert.ok(eachMs < 2_000, `${eachMs} ms a mail`);
});

Deno.test("limits: more than there may be of idle and dripping connections hold up nobody either", async () => {
  const timers = new MovedTimers();
  await using listening = await Listening.start({ "listen.max_connections": 50 }, timers);
  const flood = await Promise.all(Array.from({ length: 120 }, async (_, n) => {
    const talk = await SmtpTalk.connect(listening.place);
    const isIn = (await talk.reply()).startsWith("220");
    if (isIn && n % 3 === 0) await talk.send("MAIL F");
    return { talk, isIn };
  }));
  assert.equal(flood.filter(({ isIn }) => isIn).length, 50);
  timers.pass(1_500);
  using talk = await listening.talk();
  await talk.mail();
  for (const { talk } of flood) talk[Symbol.dispose]();
});
