import assert from "node:assert/strict";
import type { SqliteFixture } from "../support/queue_sqlite.ts";
import { newMessage, START } from "../support/queue_messages.ts";
import { afterFault, HEALTHY } from "../../src/queue/policy/breaker.ts";
import { NO_LIMITS } from "../../src/queue/policy/throttle.ts";
import type { MailSettings } from "../../src/tui/model/state.ts";
import { matchesGolden } from "./golden.ts";
import { fillQueue, KEYS, type ScreenOptions, TestScreen } from "./screen.ts";

const MINUTE_MS = 60_000;

type Relay = MailSettings["relays"][number];

function relay(name: string, host: string, more: Partial<Relay> = {}): Relay {
  return {
    name,
    target: { kind: "smtp", host, port: 25, isImplicitTls: false, login: null },
    user: null,
    password: null,
    auth: null,
    tls: { mode: "opportunistic", isModeWritten: false, ca: null, fingerprint: null },
    rate: null,
    concurrency: null,
    recipientLimit: null,
    ...more,
  };
}

const SETTINGS: MailSettings = {
  relays: [
    relay("default", "mail.example.test", { user: "app" }),
    relay("bulk", "bulk.test", { rate: { count: 100, perMs: MINUTE_MS }, concurrency: 4 }),
    relay("slow", "slow.test"),
  ],
  routes: [{ sender: "news@*", recipient: null, relays: ["bulk", "default"] }],
  ratePerDomain: null,
};

async function fill(fixture: SqliteFixture): Promise<void> {
  const { store } = fixture;
  await fillQueue(fixture);
  await store.noteRelay("bulk", () => {
    let health = HEALTHY;
    for (let i = 0; i < 4; i++) {
      health = afterFault(health, "connect to bulk.test:25: refused", START - 180 * MINUTE_MS);
    }
    return { ...health, openUntil: START + 5 * MINUTE_MS };
  });
  await store.noteLimits("slow", {
    ...NO_LIMITS,
    connections: 2,
    ofConnections: 10,
    rate: 1.5,
    learnedAt: START,
    reply: "421 too many connections",
  });
  await store.pausePart({
    scope: "tag",
    value: "news",
    reason: "wrong link in it",
    since: START - MINUTE_MS,
    until: START + 60 * MINUTE_MS,
    isAutomatic: false,
    times: 0,
    refused: [],
  });
  await store.suppress(["no@acme.test", "漢字@例え.test"], "asked to");
  await store.suppress(["bob@acme.test"], null);
}

function open(options: ScreenOptions = {}): Promise<TestScreen> {
  return TestScreen.open({
    fill,
    settings: SETTINGS,
    entries: [
      { name: "queue", value: "/var/lib/mailq/prod.db", origin: "/etc/mailq.toml:3" },
      { name: "concurrency", value: "10", origin: "default" },
      { name: "relay.bulk.password", value: "***", origin: "MAILQ_RELAY_BULK_PASSWORD" },
    ],
    ...options,
  });
}

/** Opens a view by its name. */
async function view(screen: TestScreen, name: string): Promise<void> {
  await screen.press(":", name, KEYS.enter);
  await screen.settled();
}

const VIEWS = ["relays", "workers", "pauses", "suppressions", "events", "settings"] as const;

for (const [columns, rows] of [[60, 12], [80, 24], [140, 40]] as const) {
  for (const name of VIEWS) {
    Deno.test(`the view of ${name} at ${columns}x${rows}`, async () => {
      await using screen = await open({ columns, rows });
      await view(screen, name);
      const shown = screen.terminal.rows();
      await matchesGolden(`${name}_${columns}x${rows}`, shown);
      assert.match(screen.text, new RegExp(`\\[${name[0]?.toUpperCase()}${name.slice(1)}\\]`));
    });
  }
}

Deno.test("a view is left for what was there before, and Tab goes through all of them", async () => {
  await using screen = await open();
  await view(screen, "relays");
  const seen: string[] = [];
  for (let i = 0; i < 8; i++) {
    seen.push(/\[([A-Z]\w+)\]|\[0\](Problems)/.exec(screen.text)?.slice(1).join("") ?? "");
    await screen.press("\t");
  }
  assert.deepEqual([...new Set(seen)], seen);
  assert.match(screen.text, /\[Relays\]/);
  await screen.press("h");
  assert.match(screen.text, /\[1\]All/);
});

Deno.test("a relay is paused for a time and resumed, and its messages are listed", async () => {
  await using screen = await open();
  await view(screen, "relays");
  await screen.press("j", "p");
  assert.match(screen.text, /pause relay:bulk/);
  await screen.press("2h it moves", KEYS.enter);
  assert.match(screen.text, /Paused: the relay bulk/);
  await screen.shows(/bulk +⏸ paused/);
  const { pauses } = await screen.store.status();
  const pause = pauses.find(({ scope }) => scope === "relay");
  assert.deepEqual([pause?.value, pause?.reason], ["bulk", "it moves"]);
  assert.equal((pause?.until ?? 0) - (pause?.since ?? 0), 120 * MINUTE_MS);
  await screen.press("r");
  assert.match(screen.text, /Resume the relay bulk, and queue what waits for it\?/);
  await screen.press("y");
  assert.match(screen.text, /Resumed: the relay bulk/);
  assert.equal((await screen.store.status()).pauses.length, 1);
  await screen.press(KEYS.enter);
  assert.match(screen.text, /\/ relay:bulk/);
  await screen.press("h");
  assert.match(screen.text, /\[Relays\][^]*▸ +bulk/);
});

Deno.test("a pause that cannot be read is told, and stays to be mended", async () => {
  await using screen = await open();
  await view(screen, "pauses");
  await screen.press("p", "relay:nosuch", KEYS.enter);
  assert.match(screen.text, /Cannot find a relay called "nosuch"/);
  for (let i = 0; i < 6; i++) await screen.press(KEYS.backspace);
  await screen.press("default", KEYS.enter);
  assert.match(screen.text, /Paused: the relay default/);
  await screen.press("p", "everything", KEYS.enter);
  assert.match(screen.text, /Cannot pause "everything": expected relay:NAME/);
});

Deno.test("a pause is ended from the view of pauses, that of the queue too", async () => {
  await using screen = await open({
    fill: async (fixture) => {
      await fill(fixture);
      await fixture.store.pause({ reason: "the relay moves" });
    },
  });
  await view(screen, "pauses");
  assert.match(screen.text, /2 paused[^]*the whole queue[^]*the relay moves/);
  await screen.press("r", "y");
  assert.match(screen.text, /The queue sends again/);
  await screen.shows(/1 paused/);
  await screen.press("r", "y");
  assert.match(screen.text, /Resumed: the tag news/);
  await screen.shows(/Nothing is paused/);
  const { paused, pauses } = await screen.store.status();
  assert.deepEqual([paused, pauses], [null, []]);
});

Deno.test("addresses are put on the do-not-send list and taken off it", async () => {
  await using screen = await open();
  await view(screen, "suppressions");
  await screen.press("a", "new@acme.test other@acme.test wrote to us", KEYS.enter);
  assert.match(screen.text, /2 addresses put on the list/);
  await screen.shows(/5 addresses/);
  await screen.press("a", "no-address@", KEYS.enter);
  assert.match(screen.text, /Cannot list "no-address@"/);
  await screen.press("/", "wrote", KEYS.enter);
  assert.match(screen.text, /2 of 5 addresses/);
  await screen.press("j", "x");
  assert.match(screen.text, /Take other@acme\.test off the do-not-send list\?/);
  await screen.press("y");
  assert.match(screen.text, /1 address taken off the list/);
  await screen.shows(/1 of 4 addresses/);
  await screen.press("h");
  await screen.shows(/ 4 addresses/);
  await screen.press(KEYS.enter);
  assert.match(screen.text, /\/ to:"bob@acme\.test" +1\/7/);
});

Deno.test("a file's addresses are put on the list, all of them or none", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/list`, "# bounced\none@x.test\ntwo@x.test # full\n");
    await Deno.writeTextFile(`${folder}/bad`, "three@x.test\nfour\n");
    await using screen = await open();
    await view(screen, "suppressions");
    await screen.press("i", `${folder}/list`, KEYS.enter);
    await screen.shows(/2 addresses put on the list/);
    await screen.press("i", `${folder}/bad`, KEYS.enter);
    await screen.shows(/Cannot list "four" in line 2/);
    await screen.press("i", `${folder}/nosuch`, KEYS.enter);
    await screen.shows(/Cannot read .*nosuch/);
    const listed = await Array.fromAsync(screen.store.suppressions());
    assert.equal(listed.length, 5);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("events are filtered by types and words, come live, and lead to their message", async () => {
  await using screen = await open();
  await view(screen, "events");
  await screen.press("/", "failed", KEYS.enter);
  await screen.press("/");
  assert.match(screen.text, /\/failed/);
  await screen.press("\x15", "recipient bob", KEYS.enter);
  assert.match(screen.text, /those that match\n.*recipient\.failed .*bob@acme\.test/);
  assert.doesNotMatch(screen.text, /yuki|enqueued/);
  await screen.press(KEYS.enter);
  assert.match(screen.text, /\/ id:7kq3vd0+ /);
  await screen.press("h", "\x1b[D");
  await screen.shows(/Newest first, live\n/);
  await screen.store.enqueue([newMessage({ recipients: ["later@acme.test"] })]);
  await screen.shows(/message\.enqueued/);
});

Deno.test("nothing is changed in a read-only screen's views", async () => {
  await using screen = await open({ isReadonly: true });
  await view(screen, "suppressions");
  await screen.press("x", "a", "i");
  assert.match(screen.text, /Read-only: import is not done/);
  await view(screen, "relays");
  await screen.press("p");
  assert.match(screen.text, /Read-only: pause a part is not done/);
  assert.doesNotMatch(screen.text, /p pause/);
});

Deno.test("rows and columns of settings are found by words", async () => {
  await using screen = await open();
  await view(screen, "settings");
  await screen.press("/", "!default bulk", KEYS.enter);
  assert.match(screen.text, /relay\.bulk\.password +\*\*\*/);
  assert.doesNotMatch(screen.text, /concurrency/);
});

/** A program in mailq's place that prints its arguments, and what it is told on its way. */
function program(script: string): Pick<ScreenOptions, "program"> {
  return { program: { words: ["/bin/sh", "-c", script, "mailq"], env: { MAILQ_QUEUE: "q.db" } } };
}

Deno.test("messages are sent now, the marked ones or the cursor's, and the output is shown", async () => {
  await using screen = await open(program('echo "got $* on $MAILQ_QUEUE"; exit 3'));
  await screen.press("4", " ", " ", ":", "send", KEYS.enter);
  assert.match(screen.text, /Send 2 messages now\?/);
  await screen.press("y");
  await screen.shows(
    /\[Output\]\n mailq send --verbose [^]*got send --verbose (m20xte|7kq3vd)0+[^]* ended with 3/,
  );
  await screen.shows(/mailq send ended with 3/);
  await screen.press("h");
  assert.match(screen.text, /\[4\]Failed/);
  await screen.press("1", ":", "send all", KEYS.enter, "n", ":", "doctor", KEYS.enter);
  await screen.shows(/mailq doctor\n +got doctor on q\.db\n +ended with 3/);
});

Deno.test("a command that runs is followed, stopped, and not run twice", async () => {
  const script = 'trap "echo told to stop; exit 0" TERM; seq 100; while :; do sleep 0.02; done';
  await using screen = await open(program(script));
  await screen.press(":", "doctor", KEYS.enter);
  await screen.shows(/ 100\n +running …/);
  assert.doesNotMatch(screen.text, /^ +1$/m);
  await screen.press("g");
  await screen.shows(/mailq doctor\n +1\n/);
  await view(screen, "relays");
  await screen.press("j", "t");
  await screen.shows(/mailq doctor is still at work/);
  await view(screen, "output");
  await screen.press("x");
  await screen.shows(/ended with 0/);
  await screen.press("G");
  assert.match(screen.text, /told to stop/);
  await view(screen, "relays");
  await screen.press("j", "t");
  await screen.shows(/ 100\n +running …/);
  await screen.press("g");
  assert.match(screen.text, /mailq doctor --relay bulk\n/);
});

Deno.test("a command that cannot be run, and hostile output, harm nothing", async () => {
  await using screen = await open({ program: { words: ["/no/such/program"], env: {} } });
  await screen.press(":", "doctor", KEYS.enter);
  await screen.shows(/Cannot run \/no\/such\/program/);
  await using hostile = await open(program("printf '\\033[2Jred \\033]0;x\\007\\n'"));
  await hostile.press(":", "doctor", KEYS.enter);
  await hostile.shows(/␛\[2Jred ␛\]0;x␇/);
});

Deno.test("finished mail is purged by its age and state, once its number is typed", async () => {
  await using screen = await open();
  screen.fixture.clock.advance(48 * 60 * MINUTE_MS);
  await screen.press(":", "purge", KEYS.enter, "1d weird", KEYS.enter);
  assert.match(screen.text, /Cannot purge "weird": expected sent, partial/);
  await screen.press("\x15", "3d all", KEYS.enter);
  await screen.shows(/Nothing to purge/);
  await screen.press(":", "purge", KEYS.enter, "1d sent,failed", KEYS.enter);
  await screen.shows(/Purge 3 messages, all that match\?/);
  await screen.press("y");
  assert.match(screen.text, /Purge 3 messages/);
  await screen.press("3D");
  await screen.shows(/Purge: 3 done/);
  const { sent, failed, deferred } = await screen.store.status();
  assert.deepEqual([sent, failed, deferred], [0, 0, 1]);
});

Deno.test("messages are written out to an mbox or a folder, and nothing is written over", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await using screen = await open();
    await screen.press("1", "*", ":", "export", KEYS.enter, `${folder}/all.mbox`, KEYS.enter);
    await screen.shows(/7 messages exported to .*all\.mbox/);
    const mbox = await Deno.readTextFile(`${folder}/all.mbox`);
    assert.equal(mbox.match(/^From /gm)?.length, 7);
    await screen.press(":", "export", KEYS.enter, `${folder}/all.mbox`, KEYS.enter);
    await screen.shows(/Cannot .*all\.mbox/);
    await screen.press("u", "4", " ", ":", "export", KEYS.enter, `${folder}/eml`, KEYS.enter);
    await screen.shows(/1 message exported to/);
    assert.equal([...Deno.readDirSync(`${folder}/eml`)].length, 1);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the help begins with the view's own keys, and tells those of others apart", async () => {
  await using screen = await open({ rows: 40 });
  await view(screen, "suppressions");
  await screen.press("?");
  assert.match(screen.text, /┐\n.*Only in suppressions +│\n.* a +put addresses on the list/);
  await screen.press("/relays");
  assert.match(screen.text, /Only in relays, pauses +│\n.* p +stop the mail of a relay/);
});
