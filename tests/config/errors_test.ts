import assert from "node:assert/strict";
import fc from "fast-check";
import { MailqError } from "../../src/queue/errors.ts";
import { type FakeMachine, load, loadFile } from "./fake_machine.ts";

const RELAY_KEYS =
  "url, user, password_file, password_command, auth, oauth.provider, oauth.client_id, " +
  "oauth.client_secret_file, oauth.authorize_url, oauth.token_url, oauth.device_url, oauth.scope, " +
  "oauth.token_file, tls.mode, tls.ca, " +
  "tls.fingerprint, rate, concurrency, recipient_limit";

/** What is wrong in a file, by the exact line that is said of it. */
const WRONG_FILES: readonly [text: string, message: string][] = [
  [
    '\nretry.max = "x"',
    'Cannot use retry.max = "x" (/etc/mailq.toml:2): expected a whole number, 0 or more',
  ],
  [
    "[retry]\n\nlifetime = 5",
    "Cannot use retry.lifetime = 5 (/etc/mailq.toml:3): " +
    "expected a duration such as 90s, 15m, 4h or 7d",
  ],
  [
    'retry = { max = 1, lifetime = "x" }',
    'Cannot use retry.lifetime = "x" (/etc/mailq.toml:1): ' +
    "expected a duration such as 90s, 15m, 4h or 7d",
  ],
  [
    'retry.schedule = ["5m", "x"]',
    'Cannot use retry.schedule = "5m x" (/etc/mailq.toml:1): ' +
    'expected durations such as "5m 15m 1h"',
  ],
  [
    "retry.schedule = [{ a = 1 }]",
    "Cannot use retry.schedule = a list (/etc/mailq.toml:1): " +
    'expected durations such as "5m 15m 1h"',
  ],
  [
    "concurrency = 0",
    "Cannot use concurrency = 0 (/etc/mailq.toml:1): expected a whole number, 1 or more",
  ],
  [
    "interval = 1979-05-27",
    "Cannot use interval = 1979-05-27 (/etc/mailq.toml:1): " +
    "expected a duration such as 90s, 15m, 4h or 7d",
  ],
  [
    "lock = [true]",
    "Cannot use lock = a list (/etc/mailq.toml:1): expected true or false",
  ],
  [
    "[from]\nx = 1",
    "Cannot use from = a table (/etc/mailq.toml:1): expected an address such as name@example.org",
  ],
  [
    `from = "${"x".repeat(100)}"`,
    `Cannot use from = "${"x".repeat(80)}…" (/etc/mailq.toml:1): ` +
    "expected an address such as name@example.org",
  ],
  [
    'transport = "smtp://me:hunter2@h:99999"',
    'Cannot use port 99999 in transport = "smtp://me:***@h:99999" (/etc/mailq.toml:1): ' +
    "expected 1 to 65535",
  ],
  [
    '[relay.default]\nurl = "http://h"',
    'Cannot use the scheme "http" in transport = "http://h" (/etc/mailq.toml:2): expected one of ' +
    "smtp, smtps, lmtp, sendmail, maildir, file, exec, console, null",
  ],
  [
    'max_sise = "1MB"',
    "Unknown setting max_sise (/etc/mailq.toml:1): did you mean max_size?",
  ],
  [
    "[retry]\nmax = 1\nmaxx = 2",
    "Unknown setting retry.maxx (/etc/mailq.toml:3): did you mean retry.max?",
  ],
  [
    "[retry]\nmax = 1\nconcurrency = 2",
    "Unknown setting retry.concurrency (/etc/mailq.toml:3): did you mean concurrency? " +
    "It belongs above the first [table]",
  ],
  [
    "[rtry]\nmax = 1",
    "Unknown table [rtry] (/etc/mailq.toml:1): did you mean [retry]?",
  ],
  [
    "[smtp]\nport = 1",
    "Unknown table [smtp] (/etc/mailq.toml:1): expected one of relay, route, rule, hook, retry, " +
    "retention, bounce, on, listen, listen.tls, tui",
  ],
  [
    "retry = 5",
    "Cannot use retry as a setting (/etc/mailq.toml:1): expected a table [retry]",
  ],
  [
    'relay = "smtp://h"',
    "Cannot use relay as a setting (/etc/mailq.toml:1): expected a table [relay.NAME]",
  ],
  [
    '[relay]\nurl = "smtp://h"',
    "Cannot use relay.url as a setting (/etc/mailq.toml:2): expected a table [relay.NAME]",
  ],
  [
    '[relay."a b"]\nurl = "smtp://h"',
    'Cannot use the relay name "a b" (/etc/mailq.toml:1): expected letters, digits, - and _',
  ],
  [
    '[relay.a]\nuser = "me"',
    "Cannot use the relay a (/etc/mailq.toml:1): expected a url",
  ],
  [
    '[relay.a]\nurl = "smtp://h"\nusr = "me"',
    "Unknown setting relay.a.usr (/etc/mailq.toml:3): did you mean relay.a.user?",
  ],
  [
    '[relay.a]\nurl = "smtp://h"\nzzz = "me"',
    `Unknown setting relay.a.zzz (/etc/mailq.toml:3): expected one of ${RELAY_KEYS}`,
  ],
  [
    '[relay.a]\nurl = "smtp://h"\npassword = "hunter2"',
    "Cannot keep relay.a.password in a settings file (/etc/mailq.toml:3): " +
    "expected password_file or password_command",
  ],
  [
    '[relay.a]\nurl = "smtp://h"\npasswrod = "hunter2"',
    "Unknown setting relay.a.passwrod (/etc/mailq.toml:3): expected password_file or password_command",
  ],
  [
    '[relay.a]\nurl = "smtp://h"\npassword_file = "/p"\npassword_command = "p"',
    "Cannot use both relay.a.password_file and relay.a.password_command (/etc/mailq.toml:4): " +
    "expected one of them",
  ],
  [
    '[relay.a]\nurl = "smtp://h"\ntls = "on"',
    "Cannot use relay.a.tls as a setting (/etc/mailq.toml:3): expected tls.mode",
  ],
  [
    '[relay.a]\nurl = "smtp://h"\ntls.mode = "on"',
    'Cannot use relay.a.tls.mode = "on" (/etc/mailq.toml:3): ' +
    "expected required, opportunistic or off",
  ],
  [
    'transport = "null:"\n[relay.default]\nurl = "null:"',
    "Cannot use both transport and relay.default.url (/etc/mailq.toml:3): expected one of them",
  ],
  [
    '[[hook]]\nname = "a"',
    "Cannot use the hook a with neither command nor url (/etc/mailq.toml:2): expected one of them",
  ],
  [
    '[[hook]]\nname = "a b"\ncommand = "x"',
    'Cannot use name = "a b" of a hook (/etc/mailq.toml:2): expected letters, digits, - and _',
  ],
  [
    '[[hook]]\nname = "a"\nurl = "http://example.org/"',
    "Cannot use the url of the hook a (/etc/mailq.toml:3): " +
    "expected https://HOST/…, or http:// on this machine, without a user or password",
  ],
  [
    '[[hook]]\nname = "a"\ncommand = "x"\nsecret_file = "/s"',
    'Cannot use secret_file = "/s" of the hook a (/etc/mailq.toml:4): ' +
    "expected it beside a url, which it signs",
  ],
  [
    '[[hook]]\nname = "a"\ncommand = "x"\nbatch = 0',
    "Cannot use batch = 0 of the hook a (/etc/mailq.toml:4): expected a whole number, 1 to 1000",
  ],
  [
    '[[hook]]\nname = "a"\ncommand = "x"\ntimeout = "2h"',
    'Cannot use timeout = "2h" of the hook a (/etc/mailq.toml:4): ' +
    'expected a duration such as "30s", an hour at most',
  ],
  [
    '[[hook]]\nname = "a"\nurls = "x"',
    "Unknown setting urls of a hook (/etc/mailq.toml:3): did you mean url?",
  ],
  [
    '[[hook]]\nname = "a"\ncommand = "x"\n[[hook]]\nname = "a"\ncommand = "y"',
    'Cannot use the hook name "a" twice (/etc/mailq.toml:5): expected another name',
  ],
  [
    'rule = "defer"',
    "Cannot use rule as a setting (/etc/mailq.toml:1): expected tables [[rule]]",
  ],
  [
    '[[rule]]\ncode = 450\naction = "defer"\n[[rule]]\ncode = 250\naction = "fail"\n',
    "Cannot use code = 250 in a rule (/etc/mailq.toml:5): " +
    'expected a refusal\'s code such as 450 or "4xx"',
  ],
  [
    '[[rule]]\nenhanced = "5.7"\naction = "fail"',
    'Cannot use enhanced = "5.7" in a rule (/etc/mailq.toml:2): ' +
    'expected an enhanced status code such as "4.7.1" or "5.7.*"',
  ],
  [
    '[[rule]]\ntext = "*"\naction = "fail"',
    'Cannot use text = "*" in a rule (/etc/mailq.toml:2): ' +
    'expected a part of a reply such as "greylist"',
  ],
  [
    '[[rule]]\ncode = 450\naction = "bounce"',
    'Cannot use action = "bounce" in a rule (/etc/mailq.toml:3): expected defer, fail, suppress, relay or sender',
  ],
  [
    "[[rule]]\ncode = 450",
    "Cannot use a rule without an action (/etc/mailq.toml:1): expected defer, fail, suppress, relay or sender",
  ],
  [
    '[[rule]]\naction = "fail"',
    "Cannot use a rule for every refusal (/etc/mailq.toml:2): " +
    "expected a code, enhanced or text beside it",
  ],
  [
    '[[rule]]\nenhance = "5.7.1"\naction = "fail"',
    "Unknown setting enhance of a rule (/etc/mailq.toml:2): did you mean enhanced?",
  ],
  [
    'route = "default"',
    "Cannot use route as a setting (/etc/mailq.toml:1): expected tables [[route]]",
  ],
  [
    '[[route]]\nrelays = ["default"]\n[[route]]\nrelays = ["default", "b"]\n',
    'Unknown relay "b" in a route (/etc/mailq.toml:3): expected one of default',
  ],
  [
    '[[route]]\nrelay = ["default"]',
    "Unknown setting relay of a route (/etc/mailq.toml:2): did you mean relays?",
  ],
  [
    '[[route]]\nsender = "a@b"\nrelays = "default"',
    "Cannot use the relays of a route (/etc/mailq.toml:3): " +
    'expected names in order, such as ["default", "backup"]',
  ],
  [
    '[[route]]\nsender = "a b"\nrelays = ["default"]',
    "Cannot use the sender of a route (/etc/mailq.toml:2): " +
    'expected a pattern such as "*@example.org"',
  ],
  [
    '[relay.a]\nuser = "hunter2',
    "Cannot read the settings (/etc/mailq.toml:2): unfinished string in `user = …`",
  ],
  [
    "concurrency = 1\nconcurrency = 2",
    "Cannot read the settings (/etc/mailq.toml:2): " +
    "trying to redefine an already defined table or value in `concurrency = …`",
  ],
  [
    "from = ann@example.org",
    "Cannot read the settings (/etc/mailq.toml:1): invalid value in `from = …`; " +
    'text stands in quotes: from = "…"',
  ],
];

for (const [text, message] of WRONG_FILES) {
  Deno.test(`loadSettings: refuses ${JSON.stringify(text).slice(0, 60)}`, async () => {
    const error = await loadFile(text).then(() => null, (error: unknown) => error);
    assert.ok(error instanceof MailqError, String(error));
    assert.equal(error.message, message);
    assert.equal(error.exit, 78);
  });
}

const WRONG_ELSEWHERE: readonly [string, FakeMachine, exit: number, message: string][] = [
  [
    "a variable",
    { env: { MAILQ_RETRY_MAX: "x" } },
    78,
    'Cannot use retry.max = "x" (MAILQ_RETRY_MAX): expected a whole number, 0 or more',
  ],
  [
    "a flag",
    { flags: { max_batch: "x" }, purpose: "intake" },
    64,
    'Cannot use max_batch = "x" (--max-batch): expected a whole number, 0 or more',
  ],
  [
    "a settings file that was named and is not there",
    { configFile: "/x.toml" },
    78,
    'Cannot read the settings file "/x.toml": there is no such file',
  ],
  [
    "a settings file that may not be read",
    { broken: { "/etc/mailq.toml": "PermissionDenied" } },
    77,
    'Cannot read the settings file "/etc/mailq.toml": permission denied; --config FILE names another',
  ],
  [
    "at intake a settings file that was named and may not be read",
    { configFile: "/x.toml", broken: { "/x.toml": "PermissionDenied" }, purpose: "intake" },
    77,
    'Cannot read the settings file "/x.toml": permission denied; --config FILE names another',
  ],
  [
    "a settings file that is a folder",
    { broken: { "/etc/mailq.toml": "IsADirectory" } },
    78,
    'Cannot read the settings file "/etc/mailq.toml": no /etc/mailq.toml',
  ],
];

for (const [name, machine, exit, message] of WRONG_ELSEWHERE) {
  Deno.test(`loadSettings: refuses ${name}`, async () => {
    const error = await load(machine).then(() => null, (error: unknown) => error);
    assert.ok(error instanceof MailqError, String(error));
    assert.equal(error.message, message);
    assert.equal(error.exit, exit);
  });
}

Deno.test("loadSettings: passes over default files that are not there", async () => {
  const broken = { "/home/u/.config/mailq/config.toml": "NotADirectory" };
  assert.deepEqual((await load({ broken })).warnings, []);
});

Deno.test("loadSettings: warns of unknown variables", async () => {
  const { warnings } = await load({
    env: {
      MAILQ_RETRY_MAXX: "3",
      MAILQ_RELAY_MAIN_URL: "null:",
      MAILQ_ZZZ: "1",
      MAILQ_TX: "abc",
      MAILQ_PASSWORD: "x",
      MAILQ_TEST_SYSTEM: "1",
      OTHER: "1",
    },
  });
  assert.deepEqual(warnings, [
    "Unknown variable MAILQ_RETRY_MAXX: did you mean MAILQ_RETRY_MAX?",
    "Unknown variable MAILQ_RELAY_MAIN_URL: " +
    "relays stand in a settings file; MAILQ_TRANSPORT is the default relay's URL",
    "Unknown variable MAILQ_ZZZ: no setting has this name",
  ]);
});

Deno.test("loadSettings: for intake, only warns of what intake does not use", async () => {
  const settings = await loadFile(
    'retry.max = "x"\nnonsense = 1\nhostname = "h"\n[relay.a]\n[[route]]\nrelays = ["b"]\n',
    { purpose: "intake", env: { MAILQ_THROTTLE: "soon" } },
  );
  assert.deepEqual(settings.warnings, [
    'Cannot use retry.max = "x" (/etc/mailq.toml:1): expected a whole number, 0 or more',
    "Unknown setting nonsense (/etc/mailq.toml:2): mailq init config prints all there are",
    'Cannot use throttle = "soon" (MAILQ_THROTTLE): expected a duration such as 90s, 15m, 4h or 7d',
    "Cannot use the relay a (/etc/mailq.toml:4): expected a url",
    'Unknown relay "b" in a route (/etc/mailq.toml:5): expected one of default, a',
  ]);
  assert.equal(settings.hostname, "h");
  assert.equal(settings.retry.max, null);
  assert.equal(settings.throttleMs, 0);
});

Deno.test("loadSettings: for intake, refuses what intake uses", async () => {
  for (const text of ['max_size = "x"', 'redirect_to = "me"', "queue = 5", "from = 5"]) {
    await assert.rejects(loadFile(text, { purpose: "intake" }), { code: "config_invalid" });
  }
});

Deno.test("loadSettings: for intake, a broken file is passed over if it sets nothing of intake's", async () => {
  const broken = "[relay.a]\nurl = = 3\n";
  assert.deepEqual((await loadFile(broken, { purpose: "intake" })).warnings, [
    "Cannot read the settings (/etc/mailq.toml:2): invalid value in `url = …`; " +
    'text stands in quotes: url = "…"',
  ]);
  await assert.rejects(loadFile(`queue = "/q"\n${broken}`, { purpose: "intake" }), {
    message: /^Cannot read the settings \(\/etc\/mailq.toml:3\): invalid value in `url = …`/,
  });
});

Deno.test("loadSettings: any file gives settings or one clear line without its secrets", async () => {
  const line = fc.oneof(
    fc.record({
      name: fc.constantFrom(
        ...[
          "queue",
          "transport",
          "retry",
          "retry.max",
          "retry.schedule",
          "on.sent",
          "relay",
          "relay.a.url",
          "route",
        ],
        ...["relay.a.password", "relay.a.tls", "__proto__", "constructor", '""', "lock", "from"],
        ...["relays", "tls.mode", "url", "password"],
      ),
      value: fc.constantFrom(
        ...[
          "1",
          "-1.5",
          "inf",
          "true",
          '"hunter2"',
          "'smtp://me:hunter2@h:x'",
          "[]",
          "{}",
          "[{ a = 1 }]",
        ],
        ...['["hunter2"]', "{ hunter2 = 1 }", "1979-05-27", '"""hunter2', "=", "[[1]]"],
      ),
    }).map(({ name, value }) => `${name} = ${value}`),
    fc.constantFrom(
      ...["[retry]", "[relay.a]", "[relay.default]", "[[route]]", "[[relay]]", "[a.b]"],
      ...["[__proto__]", "[relay.__proto__]", '[relay.""]', "[", "# x", "\0", "\ufeff"],
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 6 }), async (lines) => {
      const outcome = await loadFile(lines.join("\n")).then(
        (settings) => settings,
        (error: unknown) => error,
      );
      if (outcome instanceof Error) {
        assert.ok(outcome instanceof MailqError, String(outcome));
        assert.equal(outcome.code, "config_invalid");
        assert.doesNotMatch(outcome.message, /\n/);
        assert.doesNotMatch(outcome.message, /me:hunter2/);
      }
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("loadSettings: at intake a file that cannot be read is a warning, unless it was named", async () => {
  const own = "/home/ann/.config/mailq/config.toml";
  for (const [path, reason] of [["/etc/mailq.toml", "IsADirectory"], [own, "PermissionDenied"]]) {
    const settings = await load({
      isRoot: false,
      env: { HOME: "/home/ann", MAILQ_QUEUE: "/q.db" },
      files: { "/etc/mailq.toml": 'from = "a@b.test"' },
      broken: { [path ?? ""]: reason ?? "" },
      purpose: "intake",
    });
    assert.equal(settings.warnings.length, 1, path);
    assert.match(settings.warnings[0] ?? "", /^Cannot read the settings file "[^"]+": /);
    assert.equal(settings.from, path === own ? "a@b.test" : null);
  }
});
