import assert from "node:assert/strict";
import type { RelaySettings } from "../../../src/config/tables/relays.ts";
import type { Settings } from "../../../src/config/settings.ts";
import { entryOf, load, loadFile } from "../fake_machine.ts";

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

/** The default relay's keys and where each came from. */
function defaultRelay(settings: Settings): Record<string, string> {
  const entries = settings.entries().filter(({ name, origin }) =>
    (name.startsWith("relay.default.") || name === "transport") && origin !== "default"
  );
  return Object.fromEntries(
    entries.map(({ name, value, origin }) => [
      name.replace("relay.default.", ""),
      `${value} (${origin})`,
    ]),
  );
}

Deno.test("the default relay: all of it can be set by variables, each told with its own", async () => {
  const pin = "ab".repeat(32);
  const settings = await load({
    env: {
      MAILQ_TRANSPORT: "smtp://relay.test:587",
      MAILQ_USER: "mailer",
      MAILQ_PASSWORD_FILE: "~/secret",
      MAILQ_AUTH: "password",
      MAILQ_TLS_MODE: "opportunistic",
      MAILQ_TLS_CA: "/run/ca.pem",
      MAILQ_TLS_FINGERPRINT: pin,
      MAILQ_RATE: "5/s",
      MAILQ_RECIPIENT_LIMIT: "50",
    },
  });
  assert.deepEqual(settings.warnings, []);
  const { target: _, ...relay } = settings.relays[0] ?? {};
  assert.deepEqual(relay, {
    name: "default",
    user: "mailer",
    password: { kind: "file", path: "/home/u/secret" },
    auth: "password",
    tls: { mode: "opportunistic", isModeWritten: true, ca: "/run/ca.pem", fingerprint: pin },
    rate: { count: 5, perMs: 1_000 },
    concurrency: null,
    recipientLimit: 50,
  });
  assert.deepEqual(defaultRelay(settings), {
    "transport": "smtp://relay.test:587 (MAILQ_TRANSPORT)",
    "user": "mailer (MAILQ_USER)",
    "password_file": "/home/u/secret (MAILQ_PASSWORD_FILE)",
    "auth": "password (MAILQ_AUTH)",
    "tls.mode": "opportunistic (MAILQ_TLS_MODE)",
    "tls.ca": "/run/ca.pem (MAILQ_TLS_CA)",
    "tls.fingerprint": `${pin} (MAILQ_TLS_FINGERPRINT)`,
    "rate": "5/s (MAILQ_RATE)",
    "recipient_limit": "50 (MAILQ_RECIPIENT_LIMIT)",
  });
});

Deno.test("the default relay: a variable's way to the password stands for the file's", async () => {
  const file = '[relay.default]\nurl = "smtp://me@relay.test"\npassword_command = "pass show it"\n';
  const passwordOf = async (env: Record<string, string>) =>
    (await loadFile(file, { env })).relays[0]?.password;
  assert.deepEqual(await passwordOf({}), { kind: "command", command: "pass show it" });
  assert.deepEqual(await passwordOf({ MAILQ_PASSWORD_FILE: "/run/pw" }), {
    kind: "file",
    path: "/run/pw",
  });
  assert.deepEqual(await passwordOf({ MAILQ_PASSWORD_COMMAND: "echo x" }), {
    kind: "command",
    command: "echo x",
  });
  assert.deepEqual(await passwordOf({ MAILQ_PASSWORD: "none" }), { kind: "text", text: "none" });
});

Deno.test("secrets by file: URLs with a password, from the first line", async () => {
  const settings = await load({
    env: { MAILQ_TRANSPORT_FILE: "/run/url", MAILQ_QUEUE_FILE: "/run/queue" },
    files: { "/run/url": "smtp://u:s3cret@relay.test\nmore\n", "/run/queue": " /srv/q.db \n" },
  });
  assert.equal(settings.queue, "/srv/q.db");
  assert.deepEqual(settings.relays[0]?.password, { kind: "text", text: "s3cret" });
  assert.deepEqual(defaultRelay(settings), {
    transport: "smtp://u:***@relay.test (MAILQ_TRANSPORT_FILE)",
  });
  const gone = load({ env: { MAILQ_TRANSPORT_FILE: "/run/url" } });
  await assert.rejects(gone, {
    code: "config_invalid",
    message: 'Cannot read "/run/url" (MAILQ_TRANSPORT_FILE): there is no such file',
  });
});

Deno.test("secrets by file: a secret that is given twice is an error, and no loss of mail", async () => {
  const cases: readonly [Record<string, string>, RegExp][] = [
    [{ MAILQ_PASSWORD: "a", MAILQ_PASSWORD_FILE: "/b" }, /MAILQ_PASSWORD and MAILQ_PASSWORD_FILE/],
    [
      { MAILQ_PASSWORD_FILE: "/a", MAILQ_PASSWORD_COMMAND: "b" },
      /both relay\.default\.password_file and relay\.default\.password_command/,
    ],
    [{ MAILQ_TRANSPORT: "null:", MAILQ_TRANSPORT_FILE: "/run/url" }, /MAILQ_TRANSPORT and /],
    [{ MAILQ_TLS_MODE: "sometimes" }, /relay\.default\.tls\.mode = "sometimes" \(MAILQ_TLS_MODE\)/],
  ];
  for (const [env, message] of cases) {
    const files = { "/run/url": "null:" };
    await assert.rejects(load({ env, files }), { code: "config_invalid", message });
    const { warnings } = await load({ env, files, purpose: "intake" });
    assert.match(warnings.join("\n"), message);
  }
});

Deno.test("the listing shows no command's arguments, which may be secrets", async () => {
  const settings = await loadFile(`
    error_handler = "/bin/decide --token s3cret"
    [relay.default]
    url = "exec:/bin/deliver s3cret"
    [relay.other]
    url = "smtp://me@relay.test"
    password_command = "printf s3cret"
  `);
  assert.equal(entryOf(settings, "error_handler"), "/bin/decide … (/etc/mailq.toml:2)");
  assert.equal(entryOf(settings, "transport"), "exec:/bin/deliver … (/etc/mailq.toml:4)");
  assert.equal(entryOf(settings, "relay.other.password_command"), "printf … (/etc/mailq.toml:7)");
  assert.doesNotMatch(JSON.stringify(settings.entries()), /s3cret/);
});

Deno.test("a variable for a key of the default relay is suggested by its short name", async () => {
  const { warnings } = await load({ env: { MAILQ_RELAY_DEFAULT_TLS_CA: "/ca.pem" } });
  assert.deepEqual(warnings, [
    "Unknown variable MAILQ_RELAY_DEFAULT_TLS_CA: did you mean MAILQ_TLS_CA?",
  ]);
});
