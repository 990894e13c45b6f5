import assert from "node:assert/strict";
import { SETTINGS } from "../../src/config/definitions.ts";
import { RETIRED, retiredWarning } from "../../src/config/retired.ts";
import { load, loadFile } from "./fake_machine.ts";

const NAMES = ["on.enqueued", "on.sent", "on.deferred", "on.failed", "bounce", "claim"];

Deno.test("RETIRED: names no setting that still has an effect", () => {
  assert.deepEqual(Object.keys(RETIRED), NAMES);
  assert.deepEqual(NAMES.filter((name) => Object.hasOwn(SETTINGS, name)), []);
  assert.equal(retiredWarning("max_size", "x"), null);
  assert.equal(retiredWarning("constructor", "x"), null);
});

Deno.test("loadSettings: a file with retired settings still works, and warns of each", async () => {
  const settings = await loadFile(`
    bounce = "admin"
    claim = "10m"
    concurrency = 3
    [on]
    enqueued = "notify taken"
    sent = "notify sent"
    deferred = "notify deferred"
    failed = "notify failed"
  `);
  assert.equal(settings.concurrency, 3);
  assert.deepEqual(settings.warnings, [
    "The setting bounce (/etc/mailq.toml:2) has no effect: " +
    'it is a table by now: write [bounce] and to = "sender", or an address',
    "The setting claim (/etc/mailq.toml:3) has no effect: " +
    "mail that a dead process was sending goes back to the queue at once",
    "The setting on.enqueued (/etc/mailq.toml:6) has no effect: " +
    "`mailq enqueue` prints the ids of what it has taken in",
    "The setting on.sent (/etc/mailq.toml:7) has no effect: " +
    "`mailq list --status sent` lists what has been sent",
    "The setting on.deferred (/etc/mailq.toml:8) has no effect: " +
    "error_handler is asked of every recipient that a message was not sent to",
    "The setting on.failed (/etc/mailq.toml:9) has no effect: watch `mailq status --nagios`; " +
    "error_handler is asked of every recipient that a message was not sent to",
  ]);
  assert.deepEqual(settings.entries().filter(({ name }) => NAMES.includes(name)), []);
});

Deno.test("loadSettings: a retired setting's value is not looked at", async () => {
  const settings = await loadFile('bounce = 5\nclaim = "soon"\non = { failed = [] }\n');
  assert.deepEqual(settings.warnings.map((warning) => /\(.*:\d\)/.exec(warning)?.[0]), [
    "(/etc/mailq.toml:1)",
    "(/etc/mailq.toml:2)",
    "(/etc/mailq.toml:3)",
  ]);
});

Deno.test("loadSettings: a retired setting's variable is warned of", async () => {
  for (const name of NAMES) {
    const variable = `MAILQ_${name.toUpperCase().replace(".", "_")}`;
    const { warnings } = await load({ env: { [variable]: "x" } });
    assert.deepEqual(warnings, [retiredWarning(name, variable)]);
    assert.deepEqual((await load({ env: { [variable]: "" } })).warnings, []);
  }
});

Deno.test("loadSettings: what only looks like a retired setting is still an error", async () => {
  await assert.rejects(loadFile('[on]\nfailde = "x"'), {
    code: "config_invalid",
    message: /^Unknown setting on\.failde \(\/etc\/mailq\.toml:2\): /,
  });
  await assert.rejects(loadFile('on = "x"'), { message: /^Cannot use on as a setting / });
});
