import assert from "node:assert/strict";
import type { RelaySettings } from "../../src/config/relays.ts";
import { entryOf, loadFile } from "./fake_machine.ts";

async function relayOf(text: string, env: Record<string, string> = {}): Promise<RelaySettings> {
  const relay = (await loadFile(text, { env })).relays[0];
  assert.ok(relay !== undefined);
  return relay;
}

Deno.test("relays: a table says all there is to say", async () => {
  const settings = await loadFile(`
    [relay.main]
    url = "smtp://relay.test:587"
    user = "me"
    password_command = "pass show relay"
    auth = "OAuth"
    rate = "100/m"
    concurrency = 4
    recipient_limit = 50
    [relay.main.tls]
    mode = "required"
    ca = "~/ca.pem"
    fingerprint = "${"ab".repeat(32)}"
  `);
  assert.deepEqual(settings.relays.map(({ name }) => name), ["default", "main"]);
  assert.deepEqual(settings.relays[1], {
    name: "main",
    target: { kind: "smtp", host: "relay.test", port: 587, isImplicitTls: false, login: null },
    user: "me",
    password: { kind: "command", command: "pass show relay" },
    auth: "oauth",
    tls: {
      mode: "required",
      isModeWritten: true,
      ca: "/home/u/ca.pem",
      fingerprint: "ab".repeat(32),
    },
    rate: { count: 100, perMs: 60_000 },
    concurrency: 4,
    recipientLimit: 50,
  });
  assert.equal(entryOf(settings, "relay.main.tls.mode"), "required (/etc/mailq.toml:11)");
});

Deno.test("relays: a fingerprint makes TLS a must, on this machine too, unless off is written", async () => {
  const pin = `fingerprint = "${"ab".repeat(32)}"`;
  const local = '[relay.default]\nurl = "smtp://localhost"\n[relay.default.tls]\n';
  assert.equal((await relayOf(`${local}ca = "/ca.pem"`)).tls.mode, "off");
  assert.equal((await relayOf(`${local}${pin}`)).tls.mode, "required");
  assert.equal((await relayOf(`${local}${pin}\nmode = "off"`)).tls.mode, "off");
});

Deno.test("relays: transport is short for relay.default.url", async () => {
  for (
    const text of [
      'transport = "null:"',
      '[relay.default]\nurl = "null:"',
      'relay.default.url="null:"',
    ]
  ) {
    assert.equal((await relayOf(text)).target.kind, "null", text);
  }
  const text = '[relay.default]\nurl = "smtp://a"\nuser = "me"';
  const relay = await relayOf(text, { MAILQ_TRANSPORT: "smtp://b" });
  assert.ok(relay.target.kind === "smtp");
  assert.deepEqual([relay.target.host, relay.user], ["b", "me"]);
});

Deno.test("relays: tables of two files are merged key by key", async () => {
  const settings = await loadFile(
    '[relay.a]\nurl = "smtp://a"\nuser = "me"\npassword_file = "/p"\n[relay.b]\nurl = "smtp://b"',
    {
      files: {
        "/home/u/.config/mailq/config.toml": '[relay.a]\nuser = "you"\npassword_command = "p"\n',
      },
    },
  );
  assert.deepEqual(settings.relays.map(({ name }) => name), ["default", "a", "b"]);
  assert.equal(settings.relays[1]?.user, "you");
  assert.deepEqual(settings.relays[1]?.password, { kind: "command", command: "p" });
});

Deno.test("relays: TLS is off on loopback, required with a login, else opportunistic", async () => {
  const cases: readonly [string, string][] = [
    ["smtp://localhost", "off"],
    ["smtp://me:pw@127.0.0.1", "off"],
    ["smtp://relay.test", "opportunistic"],
    ["smtp://me:pw@relay.test", "required"],
    ["smtps://localhost", "required"],
    ["lmtp://relay.test", "opportunistic"],
    ["lmtp:/run/lmtp", "off"],
    ["null:", "off"],
  ];
  for (const [url, mode] of cases) {
    const { tls } = await relayOf(`transport = "${url}"`);
    assert.deepEqual([tls.mode, tls.isModeWritten], [mode, false], url);
  }
});

Deno.test("relays: the password comes from the variable, the table, the URL", async () => {
  const url = '[relay.default]\nurl = "smtp://me:u@relay.test"\n';
  const file = `${url}password_file = "~/pw"`;
  assert.deepEqual((await relayOf(url)).password, { kind: "text", text: "u" });
  assert.deepEqual((await relayOf(file)).password, { kind: "file", path: "/home/u/pw" });
  const given = await relayOf(file, { MAILQ_PASSWORD: " p w " });
  assert.deepEqual(given.password, { kind: "text", text: " p w " });
  assert.equal((await relayOf("")).password, null);
});

Deno.test("routes: are read in order, and a later file's replace them all", async () => {
  const text = `
    [relay.bulk]
    url = "smtp://bulk"
    [[route]]
    sender = "news@*"
    relays = ["bulk", "default"]
    [[route]]
    recipient = "*@example.org"
    relays = ["bulk"]
  `;
  const settings = await loadFile(text);
  assert.deepEqual(settings.routes, [
    { sender: "news@*", recipient: null, relays: ["bulk", "default"] },
    { sender: null, recipient: "*@example.org", relays: ["bulk"] },
  ]);
  assert.equal(entryOf(settings, "route.1"), "sender news@* → bulk, default (/etc/mailq.toml:4)");
  assert.equal(entryOf(settings, "route.2"), "recipient *@example.org → bulk (/etc/mailq.toml:7)");

  const user = { "/home/u/.config/mailq/config.toml": '[[route]]\nrelays = ["bulk"]' };
  assert.deepEqual((await loadFile(text, { files: user })).routes, [
    { sender: null, recipient: null, relays: ["bulk"] },
  ]);
});

Deno.test("rules: are read in order, and a later file's replace them all", async () => {
  const text = `
    [[rule]]
    code = 450
    text = "greylist"
    action = "defer"
    [[rule]]
    code = "5xx"
    enhanced = "5.7.*"
    action = "suppress"
  `;
  const settings = await loadFile(text);
  assert.deepEqual(settings.rules, [
    { code: "450", enhanced: null, text: "greylist", action: "defer", waitMs: null },
    { code: "5xx", enhanced: "5.7.*", text: null, action: "suppress", waitMs: null },
  ]);
  assert.equal(entryOf(settings, "rule.1"), '450 "greylist" → defer (/etc/mailq.toml:2)');
  assert.equal(entryOf(settings, "rule.2"), "5xx 5.7.* → suppress (/etc/mailq.toml:6)");
  const user = { "/home/u/.config/mailq/config.toml": "[[rule]]\ncode = 421\naction = 'fail'" };
  assert.deepEqual((await loadFile(text, { files: user })).rules.map(({ code }) => code), ["421"]);
});
