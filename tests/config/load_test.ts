import assert from "node:assert/strict";
import { entryOf, load, loadFile } from "./fake_machine.ts";
import { SETTINGS } from "../../src/config/definitions.ts";

const USER_FILE = "/home/u/.config/mailq/config.toml";

Deno.test("loadSettings: gives the defaults where nothing is set", async () => {
  const { entries: _, relays, hostname, machine, ...settings } = await load({});
  assert.equal(hostname, "host.test");
  assert.deepEqual([machine.host, machine.full], ["host", "host.test"]);
  assert.deepEqual(relays.map(({ name, target }) => [name, target]), [
    ["default", { kind: "smtp", host: "localhost", port: 25, isImplicitTls: false, login: null }],
  ]);
  assert.deepEqual(settings, {
    queue: "/home/u/.local/state/mailq/queue.db",
    from: null,
    forceFrom: null,
    adminAddress: null,
    aliases: { path: "/etc/aliases", isGiven: false },
    headerFrom: "qualify",
    longLines: "encode",
    maxSizeBytes: 52_428_800,
    redirectTo: null,
    routes: [],
    rules: [],
    hooks: [],
    concurrency: 10,
    maxBatch: null,
    maxDeferred: null,
    shutdownMs: 60_000,
    spoolBeside: null,
    stalledAfterMs: 3_600_000,
    throttleMs: 0,
    ratePerDomain: null,
    retry: {
      max: null,
      lifetimeMs: 5 * 86_400_000,
      scheduleMs: [300_000, 600_000, 1_200_000, 2_400_000, 4_800_000, 9_600_000, 14_400_000],
    },
    isUncertainHeld: false,
    keepsBodies: true,
    retention: { sentMs: null, failedMs: null, eventsMs: 30 * 86_400_000 },
    bounce: { to: null, delayMs: null, limit: 100, address: null, suppressAfter: null },
    errorHandler: null,
    intervalMs: 30_000,
    usesLock: true,
    lockPath: null,
    log: null,
    listen: null,
    submitSocket: null,
    tui: { keys: null, colours: null, hasMouse: true },
    warnings: [],
  });
});

Deno.test("loadSettings: reads every setting from a file", async () => {
  const settings = await loadFile(`
    queue = "~/q.db"
    spool = true
    transport = "smtps://relay.test"
    hostname = "mail.test"
    from = "a@b"
    force_from = "c@d"
    admin_address = "e@f"
    aliases = "~/aliases"
    header_from = "force"
    long_lines = "keep"
    max_size = "1MB"
    redirect_to = "g@h"
    concurrency = 3
    max_batch = 4
    max_deferred = 5
    throttle = "1s"
    rate_per_domain = "6/m"
    uncertain = "hold"
    keep_bodies = false
    bounce.to = "b@f"
    bounce.delay = "4h"
    bounce.limit = 5
    bounce.address = "c@f"
    bounce.suppress_after = 2
    error_handler = "decide"
    interval = "1m"
    lock = false
    lock_path = "/run/mailq.lock"
    shutdown = "5s"
    stalled_after = "2h"
log = "json"
    [on]
    stalled = "page"
    [retry]
    max = 0
    lifetime = "1d"
    schedule = ["1m", "2m"]
    [retention]
    sent = "90d"
    failed = "365d"
    events = "7d"
    [listen]
    http = "127.0.0.1:9877"
    smtp = "*:587"
    submit = "~/submit"
    tls.cert = "~/cert.pem"
    tls.key = "/key.pem"
    users = "/users"
    allow = "10.0.0.0/8"
    max_connections = 8
    [tui]
    keys = "retry=t"
    colours = ["red=magenta", "green=blue"]
    mouse = false
  `);
  const { entries, relays, machine: _, ...rest } = settings;
  assert.deepEqual(relays[0]?.target.kind, "smtp");
  assert.deepEqual({ ...rest, hostname: settings.hostname }, {
    queue: "/home/u/q.db",
    hostname: "mail.test",
    from: "a@b",
    forceFrom: "c@d",
    adminAddress: "e@f",
    aliases: { path: "/home/u/aliases", isGiven: true },
    headerFrom: "force",
    longLines: "keep",
    maxSizeBytes: 1_048_576,
    redirectTo: "g@h",
    routes: [],
    rules: [],
    hooks: [{
      name: "on.stalled",
      events: ["queue.stalled", "queue.moving"],
      way: { kind: "command", command: "page" },
      batch: 1,
      timeoutMs: 30_000,
      shown: "queue.stalled queue.moving → page",
    }],
    concurrency: 3,
    maxBatch: 4,
    maxDeferred: 5,
    shutdownMs: 5_000,
    spoolBeside: null,
    stalledAfterMs: 7_200_000,
    throttleMs: 1_000,
    ratePerDomain: { count: 6, perMs: 60_000 },
    retry: { max: 0, lifetimeMs: 86_400_000, scheduleMs: [60_000, 120_000] },
    isUncertainHeld: true,
    keepsBodies: false,
    retention: {
      sentMs: 90 * 86_400_000,
      failedMs: 365 * 86_400_000,
      eventsMs: 7 * 86_400_000,
    },
    bounce: { to: "b@f", delayMs: 4 * 60 * 60_000, limit: 5, address: "c@f", suppressAfter: 2 },
    errorHandler: "decide",
    intervalMs: 60_000,
    usesLock: false,
    lockPath: "/run/mailq.lock",
    log: "json",
    listen: {
      smtp: [{ kind: "tcp", host: "::", port: 587, isTls: false }],
      submit: "/home/u/submit",
      tls: { cert: "/home/u/cert.pem", key: "/key.pem" },
      users: "/users",
      allow: [{ bytes: [10, 0, 0, 0], bits: 8 }],
      http: [{ kind: "tcp", host: "127.0.0.1", port: 9_877, isTls: false }],
      maxConnections: 8,
    },
    submitSocket: "/home/u/submit",
    tui: { keys: "retry=t", colours: "red=magenta green=blue", hasMouse: false },
    warnings: [],
  });
  assert.deepEqual(
    entries().filter(({ origin }) => origin.startsWith("/etc/mailq.toml:")).map(({ name }) => name),
    Object.keys(SETTINGS),
  );
});

Deno.test("loadSettings: later sources win, key by key, and say where they are", async () => {
  const settings = await load({
    files: {
      "/etc/mailq.toml":
        "concurrency = 1\nmax_batch = 1\nthrottle = '1m'\n\n[retry]\nmax = 1\nlifetime = '1d'\n",
      [USER_FILE]: "retry = { max = 2 }\nmax_batch = 2\nthrottle = '2m'\n",
    },
    env: { MAILQ_MAX_BATCH: "3", MAILQ_THROTTLE: "3m", MAILQ_RETRY_SCHEDULE: "1m 2m" },
    flags: { throttle: "4m", lock: false, max_deferred: 7, queue: undefined },
  });
  const cases: readonly [string, string][] = [
    ["concurrency", "1 (/etc/mailq.toml:1)"],
    ["retry.lifetime", "1d (/etc/mailq.toml:7)"],
    ["retry.max", `2 (${USER_FILE}:1)`],
    ["retry.schedule", "1m 2m (MAILQ_RETRY_SCHEDULE)"],
    ["max_batch", "3 (MAILQ_MAX_BATCH)"],
    ["throttle", "4m (--throttle)"],
    ["lock", "false (--no-lock)"],
    ["max_deferred", "7 (--max-deferred)"],
    ["interval", "30s (default)"],
  ];
  for (const [name, entry] of cases) assert.equal(entryOf(settings, name), entry);
});

Deno.test("loadSettings: none unsets, and an empty variable is as good as none", async () => {
  const settings = await loadFile('from = "a@b"\nmax_batch = 3\nretry.max = 4', {
    env: { MAILQ_FROM: "none", MAILQ_RETRY_MAX: "", MAILQ_QUEUE: "" },
    flags: { max_batch: "none" },
  });
  assert.equal(entryOf(settings, "from"), "none (MAILQ_FROM)");
  assert.equal(entryOf(settings, "max_batch"), "none (--max-batch)");
  assert.equal(settings.retry.max, 4);
});

Deno.test("loadSettings: every setting has its variable", async () => {
  const texts: Readonly<Record<string, string>> = {
    "retry.lifetime": "6d",
    "max_size": "512KB",
    "keep_bodies": "no",
    "error_handler": "decide",
    "rate_per_domain": "10/s",
  };
  for (const [name, text] of Object.entries(texts)) {
    const variable = `MAILQ_${name.toUpperCase().replace(".", "_")}`;
    const settings = await load({ env: { [variable]: text } });
    const shown = text === "no" ? "false" : text;
    assert.equal(entryOf(settings, name), `${shown} (${variable})`);
    assert.deepEqual(settings.warnings, []);
  }
});

Deno.test("loadSettings: finds the user's file where XDG says", async () => {
  const files = {
    "/xdg/mailq/config.toml": "concurrency = 1",
    [USER_FILE]: "concurrency = 2",
    "x/mailq/config.toml": "concurrency = 3",
  };
  const concurrency = async (env: Record<string, string>) =>
    (await load({ files, env })).concurrency;
  assert.equal(await concurrency({ XDG_CONFIG_HOME: "/xdg" }), 1);
  assert.equal(await concurrency({}), 2);
  assert.equal(await concurrency({ XDG_CONFIG_HOME: "x" }), 2);
  assert.equal(await concurrency({ HOME: "", MAILQ_QUEUE: "/q" }), 10);
});

Deno.test("loadSettings: root reads /etc alone", async () => {
  const settings = await loadFile("concurrency = 1", {
    isRoot: true,
    files: { [USER_FILE]: "concurrency = 2\nmax_batch = 2" },
  });
  assert.equal(settings.concurrency, 1);
  assert.equal(settings.maxBatch, null);
});

Deno.test("loadSettings: --config replaces the files, and MAILQ_CONFIG is its variable", async () => {
  const files = { "/a.toml": "concurrency = 3", "/b.toml": "concurrency = 4" };
  const byFlag = await loadFile("max_batch = 1", {
    files,
    configFile: "/a.toml",
    env: { MAILQ_CONFIG: "/b.toml" },
  });
  assert.equal(entryOf(byFlag, "concurrency"), "3 (/a.toml:1)");
  assert.equal(byFlag.maxBatch, null);
  assert.deepEqual(byFlag.warnings, []);
  const byVariable = await load({ files, env: { MAILQ_CONFIG: "/b.toml" } });
  assert.equal(byVariable.concurrency, 4);
});

Deno.test("loadSettings: chooses the queue", async () => {
  const queue = async (machine: Parameters<typeof load>[0]) => (await load(machine)).queue;
  const folders = ["/var/lib/mailq"];
  const env = { XDG_STATE_HOME: "/state" };
  assert.equal(await queue({ folders, env }), "/var/lib/mailq/queue.db");
  assert.equal(await queue({ env }), "/state/mailq/queue.db");
  assert.equal(
    await queue({ env: { XDG_STATE_HOME: "state" } }),
    "/home/u/.local/state/mailq/queue.db",
  );
  assert.equal(await queue({ folders, env: { MAILQ_QUEUE: "/q.db" } }), "/q.db");
  assert.equal(await queue({ env: { MAILQ_QUEUE: "/q.db" }, flags: { queue: "/f.db" } }), "/f.db");
  await assert.rejects(load({ env: { HOME: "" } }), {
    code: "config_invalid",
    message: "Cannot choose a queue: neither HOME nor XDG_STATE_HOME is set; " +
      "set MAILQ_QUEUE or give --queue",
  });
});

Deno.test("loadSettings: takes the host's name from /etc/mailname, else the system", async () => {
  const settings = await load({ files: { "/etc/mailname": "mail.test\n" } });
  assert.equal(settings.hostname, "mail.test");
  assert.equal(entryOf(settings, "hostname"), "mail.test (/etc/mailname)");
  assert.equal((await load({ files: { "/etc/mailname": "not a name\n" } })).hostname, "host.test");
  const unreadable = await load({ broken: { "/etc/mailname": "PermissionDenied" } });
  assert.equal(entryOf(unreadable, "hostname"), "host.test (default)");
  assert.equal((await load({ env: { MAILQ_HOSTNAME: "h" } })).hostname, "h");
});

for (
  const [what, files, full] of [
    ["/etc/hosts as Debian writes it", {
      "/etc/hosts": "127.0.0.1 localhost\n127.0.1.1\tdev1.example.org dev1 # me\n",
    }, "dev1.example.org"],
    ["/etc/hosts with the short name first", {
      "/etc/hosts": "10.0.0.1 dev1 dev1.example.org",
    }, "dev1.example.org"],
    ["/etc/hosts of a container, whatever the resolver's domain", {
      "/etc/hosts": "127.0.0.1 localhost\n172.17.0.2 dev1\n",
      "/etc/resolv.conf": "search example.org\n",
    }, "dev1"],
    ["/etc/hosts of another", {
      "/etc/hosts": "10.0.0.1 dev10.example.org dev10\n#10.0.0.1 dev1.example.org dev1\n",
    }, "dev1"],
    ["/etc/hosts without a real domain", {
      "/etc/hosts": "127.0.0.1 dev1.localdomain dev1\n",
    }, "dev1"],
    ["the resolver's domain", {
      "/etc/resolv.conf": "nameserver 10.0.0.1\nsearch a.test b.test\ndomain example.org\n",
    }, "dev1.example.org"],
    ["the first domain the resolver searches", {
      "/etc/resolv.conf": "search a.test b.test\n",
    }, "dev1.a.test"],
    ["no domain the resolver searches", { "/etc/resolv.conf": "search .\n" }, "dev1"],
    ["nothing", {}, "dev1"],
  ] as const
) {
  Deno.test(`loadSettings: a machine called dev1 is ${full} by ${what}`, async () => {
    const settings = await load({ files, hostname: "dev1" });
    assert.equal(settings.hostname, full);
    assert.deepEqual([settings.machine.host, settings.machine.full], ["dev1", full]);
  });
}

Deno.test("loadSettings: header_from = force needs force_from, but loses no mail at intake", async () => {
  const text = 'header_from = "force"';
  await assert.rejects(loadFile(text), {
    code: "config_invalid",
    message: 'Cannot use header_from = "force" (/etc/mailq.toml:1) without force_from: ' +
      "expected the address that all mail is from",
  });
  assert.equal((await loadFile(text, { purpose: "intake" })).warnings.length, 1);
  assert.equal((await loadFile(`${text}\nforce_from = "a@b"`)).headerFrom, "force");
});

Deno.test("loadSettings: shows no secret", async () => {
  const settings = await loadFile(
    'queue = "postgres://me:hunter2@h/q"\n' +
      '[relay.default]\nurl = "smtp://me:hunter2@h"\n' +
      '[relay.b]\nurl = "smtps://me:hunter2@h"\n',
    { env: { MAILQ_PASSWORD: "hunter2" } },
  );
  assert.ok(!JSON.stringify(settings.entries()).includes("hunter2"));
  assert.equal(entryOf(settings, "queue"), "postgres://me:***@h/q (/etc/mailq.toml:1)");
  assert.equal(entryOf(settings, "transport"), "smtp://me:***@h (/etc/mailq.toml:3)");
  assert.equal(entryOf(settings, "relay.b.url"), "smtps://me:***@h (/etc/mailq.toml:5)");
  assert.equal(entryOf(settings, "relay.default.password"), "*** (MAILQ_PASSWORD)");
});

Deno.test("loadSettings: on.stalled is a hook of its own, its URL's path hidden in listings", async () => {
  const url = await loadFile('[on]\nstalled = "https://x.test/secret"');
  const [hook] = url.hooks;
  assert.deepEqual(hook?.way, { kind: "url", url: "https://x.test/secret", secretFile: null });
  assert.deepEqual(hook?.events, ["queue.stalled", "queue.moving"]);
  const shown = "queue.stalled queue.moving → https://x.test/… (/etc/mailq.toml:2)";
  assert.equal(entryOf(url, "on.stalled"), shown);
  const command = await load({ env: { MAILQ_ON_STALLED: "page me" } });
  assert.deepEqual(command.hooks[0]?.way, { kind: "command", command: "page me" });
});

Deno.test("loadSettings: [bounce] names who is told, or nobody", async () => {
  const all = await loadFile(
    '[bounce]\nto = "Sender"\ndelay = "4h"\nlimit = 5\nsuppress_after = 3\n',
  );
  const { address: _, ...bounce } = all.bounce;
  assert.deepEqual(bounce, { to: "sender", delayMs: 14_400_000, limit: 5, suppressAfter: 3 });
  const address = await loadFile('bounce.to = "ops@x.test"\nadmin_address = "a@x.test"\n');
  assert.equal(address.bounce.to, "ops@x.test");
  const off = await loadFile('bounce.to = "off"\nadmin_address = "a@x.test"\n');
  assert.equal(off.bounce.to, null);
  await assert.rejects(loadFile('bounce.to = "senders"\n'), {
    message: /Cannot use bounce\.to = "senders" .*: expected sender, off or an address such as/,
  });
});
