import assert from "node:assert/strict";
import { NOTHING_SENT, passOptions, sendOnce } from "../../../src/app/send/pass.ts";
import type { Failure } from "../../../src/delivery/error_handler.ts";
import type { Store } from "../../../src/queue/ports/store.ts";
import { loadFile } from "../../config/fake_machine.ts";
import { enqueued } from "../../support/queue_messages.ts";
import { SqliteFixture } from "../../support/queue_sqlite.ts";
import { FakePassApp } from "./pass_app.ts";

/** Options are made without a look into the queue. */
const NO_STORE = { relayFamily: () => Promise.resolve(null) } as unknown as Store;

async function optionsOf(text: string, app = new FakePassApp()) {
  return await passOptions(app, await loadFile(text), NO_STORE);
}

Deno.test("pass options: each relay has its own concurrency and rate, else the setting's", async () => {
  const { outlets } = await optionsOf(`
    concurrency = 7
    rate_per_domain = "10/m"
    transport = "null:"
    [relay.slow]
    url = "null:"
    concurrency = 2
    rate = "100/h"
    [[route]]
    recipient = "*@slow.test"
    relays = ["slow"]
  `);
  assert.deepEqual(
    outlets.relays.map(({ relay, concurrency, rate }) => [relay.name, concurrency, rate]),
    [["default", 7, null], ["slow", 2, { count: 100, perMs: 3_600_000 }]],
  );
  assert.deepEqual(outlets.ratePerDomain, { count: 10, perMs: 60_000 });
  assert.deepEqual(outlets.routes.map(({ relays }) => relays), [["slow"]]);
});

Deno.test("pass options: a relay's settings are told from others, its rate and limits aside", async () => {
  const of = async (text: string) => {
    const { outlets: { relays: [relay] } } = await optionsOf(text);
    return relay?.settings ?? "";
  };
  const file = await Deno.makeTempFile({ prefix: "mailq-password-" });
  try {
    const relay = (more: string) => `[relay.default]\nurl = "smtp://u@mx.test"\n${more}`;
    const texts = [
      relay(""),
      relay("").replace("u@", "v@"),
      relay("").replace("mx.test", "mx2.test"),
      relay('tls.mode = "off"'),
      relay('password_command = "pass a"'),
      relay('password_command = "pass b"'),
      relay(`password_file = "${file}"`),
      `hostname = "a.test"\n${relay("")}`,
    ];
    const seen = await Promise.all(texts.map(of));
    assert.equal(new Set(seen).size, texts.length);
    assert.deepEqual(await Promise.all(texts.map(of)), seen);
    assert.ok(seen.every((one) => /^[0-9a-f]{6}$/.test(one)), "too short to tell a password");
    assert.equal(await of(relay('rate = "5/m"')), seen[0]);
    // Whoever mends the password in its file wants it tried.
    await Deno.utime(file, 1_000, 1_000);
    assert.notEqual(await of(texts[6] ?? ""), seen[6]);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("pass options: rules and retries come from the settings, in order", async () => {
  const { judging } = await optionsOf(`
    transport = "null:"
    [retry]
    max = 3
    [[rule]]
    code = 450
    action = "fail"
    [[rule]]
    text = "greylist"
    action = "defer"
  `);
  assert.equal(judging.policy.max, 3);
  assert.deepEqual(judging.rules, [
    { code: "450", enhanced: null, text: null, action: "fail", waitMs: null },
    { code: null, enhanced: null, text: "greylist", action: "defer", waitMs: null },
  ]);
  assert.equal(judging.errorHandler, null);
});

Deno.test("pass options: limits come from the settings, the rest from the program", async () => {
  const app = new FakePassApp();
  const text = 'transport = "null:"\nmax_batch = 5\nmax_deferred = 6\nthrottle = "2s"\n';
  const { limits, machine, signal, store } = await optionsOf(text, app);
  assert.deepEqual(limits, { maxBatch: 5, maxDeferred: 6, throttleMs: 2_000, finishMs: 59_000 });
  assert.equal(machine.clock, app.clock);
  assert.equal(machine.random, app.random);
  assert.equal(store, NO_STORE);
  assert.equal(signal.aborted, false);
  app.stop();
  assert.equal(signal.aborted, true);
});

Deno.test("pass options: a relay that cannot be used is config_invalid", async () => {
  const text = '[relay.default]\nurl = "exec:cat"\n';
  const app = new FakePassApp({ MAILQ_RELAYING: "default" });
  await assert.rejects(optionsOf(text, app), { code: "config_invalid" });
});

Deno.test("pass options: attempts are made into words only for those who hear them", async () => {
  const text = 'transport = "null:"';
  assert.equal((await optionsOf(text)).onAttempt, undefined);
  assert.notEqual((await optionsOf(text, new FakePassApp({}, true))).onAttempt, undefined);
});

const FAILURE: Failure = {
  id: "7kq3vd",
  sender: "app@x.test",
  recipient: "bob@x.test",
  relay: "default",
  host: null,
  phase: null,
  outcome: "failed",
  code: 550,
  enhanced: null,
  reply: "gone",
  error: null,
  tries: 1,
};

Deno.test("error handler: has the environment, but no secret and no batch of ours", async () => {
  const seen = await Deno.makeTempFile();
  try {
    const env = {
      PATH: Deno.env.get("PATH") ?? "",
      SEEN: seen,
      MAILQ_PASSWORD: "secret",
      MAILQ_TX: "batch",
      MAILQ_QUEUE: "/q",
    };
    const app = new FakePassApp(env);
    const text = `transport = "null:"\nerror_handler = 'env > "$SEEN"; echo deferred reconnect'`;
    const { judging: { errorHandler } } = await optionsOf(text, app);
    assert.deepEqual(await errorHandler?.(FAILURE), {
      outcome: "deferred",
      wantsReconnect: true,
    });
    const lines = (await Deno.readTextFile(seen)).split("\n");
    assert.deepEqual(lines.filter((line) => line.startsWith("MAILQ_")), ["MAILQ_QUEUE=/q"]);
    assert.deepEqual(app.warnings, []);
  } finally {
    await Deno.remove(seen);
  }
});

Deno.test("error handler: what is wrong with it is told once", async () => {
  const app = new FakePassApp({ PATH: Deno.env.get("PATH") ?? "" });
  const text = 'transport = "null:"\nerror_handler = "echo bounced"';
  const { judging: { errorHandler } } = await optionsOf(text, app);
  assert.equal(await errorHandler?.(FAILURE), null);
  assert.equal(await errorHandler?.(FAILURE), null);
  assert.equal(app.warnings.length, 1);
  assert.match(app.warnings[0] ?? "", /^the error_handler is passed over: it printed "bounced/);
});

Deno.test("sendOnce: sends all, or the messages named, and tells each attempt", async () => {
  await using fixture = await SqliteFixture.open();
  const settings = await loadFile('transport = "console:"');
  const [one, two] = [await enqueued(fixture.store), await enqueued(fixture.store)];
  const app = new FakePassApp({}, true);
  const first = await sendOnce(app, settings, fixture.store, { ids: [two] });
  assert.deepEqual(first, { ...NOTHING_SENT, sent: 1, remaining: 1 });
  assert.match(app.console, /^Subject: hello\r?$/m);
  assert.equal((await fixture.store.show(two))?.status, "sent");
  assert.equal((await fixture.store.show(one))?.status, "queued");
  const rest = await sendOnce(app, settings, fixture.store);
  assert.deepEqual(rest, { ...NOTHING_SENT, sent: 1 });
  const attempts = app.events.flatMap((event) => event.type === "attempt" ? event.attempt : []);
  assert.deepEqual(attempts.map(({ claim, result }) => [claim.id, result]), [
    [two, "sent"],
    [one, "sent"],
  ]);
});

Deno.test("sendOnce: told to stop before it begins it sends nothing", async () => {
  await using fixture = await SqliteFixture.open();
  const id = await enqueued(fixture.store);
  const app = new FakePassApp();
  app.stop();
  const result = await sendOnce(app, await loadFile('transport = "console:"'), fixture.store);
  assert.deepEqual(result, { ...NOTHING_SENT, remaining: 1, stoppedBy: "signal" });
  assert.equal(app.console, "");
  assert.equal((await fixture.store.show(id))?.status, "queued");
});
