import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { runChild } from "../support/child.ts";
import { mail, Mailq } from "../support/mailq.ts";
import { require } from "./requirements.ts";
import { Tmux, type TmuxOptions } from "./tmux.ts";

/** A relay that knows no user until the file `open` is there. */
const RELAY = 'exec:test -e open || { echo "550 5.1.1 User unknown" >&2; exit 67; }; ' +
  "cat >> delivered";

const SANE = "alternate=0 cursor=1 wrap=1";

function systemTest(behaviour: string, fn: () => Promise<void>): void {
  const ignore = Deno.env.get("MAILQ_TEST_SYSTEM") === undefined;
  Deno.test({ name: `tui: ${behaviour}`, ignore, fn });
}

interface Desk extends AsyncDisposable {
  readonly mailq: Mailq;
  readonly terminal: Tmux;
}

/** A queue and a terminal. */
async function desk(options: Partial<TmuxOptions> = {}): Promise<Desk> {
  require("/usr/bin/tmux");
  const mailq = await Mailq.make({ MAILQ_TRANSPORT: RELAY });
  await mailq.enqueue(mail({ to: "bob@acme.test", subject: "Refused" }));
  await mailq.ok(["send"]);
  await mailq.enqueue(mail({ to: "ann@acme.test", subject: "Waiting" }));
  const terminal = await Tmux.open({
    folder: mailq.folder,
    ...options,
    env: { ...mailq.env, ...options.env },
  });
  return {
    mailq,
    terminal,
    async [Symbol.asyncDispose]() {
      await terminal[Symbol.asyncDispose]();
      await mailq[Symbol.asyncDispose]();
    },
  };
}

/** Starts the screen, with the terminal's settings noted before. */
async function start({ terminal }: Desk, flags = ""): Promise<void> {
  await terminal.run(`stty -g > before; mailq tui ${flags}; echo "left with $?"`);
  // What is wrong stands first.
  await terminal.shows(/\[0\]Problems[^]*User unknown/);
  await terminal.press("1");
  await terminal.shows(/row 1\/2/);
  assert.equal(await terminal.modes(), "alternate=1 cursor=0 wrap=0");
}

/** The shell is back, and the terminal as it was. */
async function isSane({ terminal }: Desk, status: number): Promise<string> {
  const screen = await terminal.shows(/left with \d+/);
  assert.match(screen, new RegExp(`left with ${status}\\b`));
  await terminal.run('clear; stty -g > after; cmp before after && echo "the same"');
  await terminal.shows(/^the same$/m);
  assert.equal(await terminal.modes(), SANE);
  return screen;
}

systemTest("filter to failed, read the reply, resend, see it go, quit", async () => {
  await using at = await desk();
  const { terminal, mailq } = at;
  await start(at);
  await terminal.press("/");
  await terminal.type("status:failed");
  await terminal.press("Enter");
  await terminal.shows(/✗ failed .*User unkno[^]*row 1\/1/);
  await terminal.press("Enter");
  await terminal.shows(/failed bob@acme\.test: 5\.1\.1|User unknown/);
  await terminal.press("R");
  await terminal.shows(/Resend 1 message\?/);
  await terminal.press("y");
  await terminal.shows(/Resend to those without it: 1 done/);
  await terminal.press("q", "1");
  await terminal.shows(/○ queued .*bob@acme\.test/);
  await Deno.writeTextFile(`${mailq.folder}/open`, "");
  await mailq.ok(["send"]);
  await terminal.shows(/✓ sent .*Refused/);
  assert.match(await Deno.readTextFile(`${mailq.folder}/delivered`), /Refused/);
  await terminal.press("q");
  await isSane(at, 0);
});

systemTest("a queue that breaks under it ends it with the terminal as before", async () => {
  await using at = await desk();
  await start(at);
  using db = new DatabaseSync(at.mailq.queue);
  db.exec("PRAGMA foreign_keys = OFF; DROP TABLE tally");
  const screen = await isSane(at, 70);
  assert.match(screen, /no such table/);
});

systemTest("a queue that is damaged under it ends it with the terminal as before", async () => {
  await using at = await desk();
  await start(at);
  using db = new DatabaseSync(at.mailq.queue);
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  using file = await Deno.open(at.mailq.queue, { write: true });
  await file.seek(4096, Deno.SeekMode.Start);
  for (let i = 0; i < 60; i++) await file.write(new Uint8Array(4096).fill(0xa5));
  // A change wakes the screen, which then reads what is broken.
  await at.terminal.press("4");
  const screen = await isSane(at, 74);
  assert.match(screen, /damaged|malformed|corrupt/);
});

for (const signal of ["TERM", "HUP"]) {
  systemTest(`SIG${signal} ends it with the terminal as before`, async () => {
    await using at = await desk();
    await start(at);
    // With a box open, in the middle of things.
    await at.terminal.press("x");
    await at.terminal.shows(/Cancel 1 message\?/);
    await kill(at, signal);
    await isSane(at, 0);
  });
}

/** Sends a signal to the screen's own process. */
async function kill({ mailq }: Desk, signal: string): Promise<void> {
  const { stdout } = await runChild(["pgrep", "-f", "-x", `.*mailq.* tui|.*main\\.ts tui`]);
  for (const pid of stdout.trim().split("\n").map(Number)) {
    const environ = await Deno.readTextFile(`/proc/${pid}/environ`);
    if (environ.includes(mailq.folder)) Deno.kill(pid, `SIG${signal}` as Deno.Signal);
  }
}

systemTest("Ctrl-Z leaves the terminal to the shell, fg takes it back", async () => {
  await using at = await desk();
  const { terminal } = at;
  await start(at);
  await terminal.press("j", "C-z");
  await terminal.shows(/Stopped/);
  assert.equal(await terminal.modes(), SANE);
  await terminal.run("clear; stty -g > during; cmp before during && echo 'as before'");
  await terminal.shows(/^as before$/m);
  await terminal.run("fg");
  await terminal.shows(/row 2\/2/);
  assert.equal(await terminal.modes(), "alternate=1 cursor=0 wrap=0");
  await terminal.press("k");
  await terminal.shows(/row 1\/2/);
  await terminal.press("q");
  await terminal.shows(/\$$/);
  // The line that was typed first went on when the screen was stopped.
  await terminal.run("clear; stty -g > after; cmp before after && echo 'the same'");
  await terminal.shows(/^the same$/m);
  assert.equal(await terminal.modes(), SANE);
});

systemTest("a resize in the middle of an action changes what is seen alone", async () => {
  await using at = await desk();
  const { terminal, mailq } = at;
  await start(at);
  await terminal.press("p");
  await terminal.shows(/Hold 1 message\?/);
  await terminal.resize(160, 40);
  const wide = await terminal.shows(/\[Attempts\][^]*Hold 1 message\?[^]*q quit$/);
  assert.equal(wide.split("\n").length, 40);
  await terminal.resize(50, 10);
  await terminal.shows(/mailq needs 60x12/);
  // Where nothing can be seen nothing is done.
  await terminal.press("y");
  await terminal.resize(60, 12);
  await terminal.shows(/Hold 1 message\?/);
  await terminal.press("y");
  await terminal.shows(/Hold: 1 done/);
  assert.deepEqual(await mailq.statuses(), { Refused: "failed", Waiting: "held" });
  await terminal.press("C-c");
  await isSane(at, 0);
});

systemTest("the pager and a command have the terminal for themselves", async () => {
  await using at = await desk({
    env: { PAGER: "cat > paged; read -r line < /dev/tty; echo $line > typed" },
  });
  const { terminal, mailq } = at;
  await start(at);
  await terminal.press("e");
  await until(terminal, `${mailq.folder}/paged`, /Subject: Waiting/);
  assert.equal(await terminal.modes(), SANE);
  // Its first key is its own.
  await terminal.run("first");
  await terminal.shows(/row 1\/2/);
  assert.equal(await Deno.readTextFile(`${mailq.folder}/typed`), "first\n");
  await terminal.press("|");
  await terminal.type("wc -l > counted; exit 3");
  await terminal.press("Enter");
  await terminal.shows(/\[ended with 3; Enter goes back\]/);
  await terminal.press("Enter");
  await terminal.shows(/exit 3 ended with 3/);
  assert.match(await Deno.readTextFile(`${mailq.folder}/counted`), /^\d+\n$/);
  await terminal.press("j");
  await terminal.shows(/row 2\/2/);
  await terminal.press("q");
  await isSane(at, 0);
});

/** Resolves once a file has a match. */
async function until(terminal: Tmux, path: string, pattern: RegExp): Promise<void> {
  await terminal.shows(/^/);
  using watcher = Deno.watchFs(path.slice(0, path.lastIndexOf("/")));
  const isThere = () => Deno.readTextFile(path).then((text) => pattern.test(text), () => false);
  if (await isThere()) return;
  for await (const _ of watcher) if (await isThere()) return;
}

systemTest("TERM=dumb is told to list", async () => {
  await using at = await desk();
  await at.terminal.run('TERM=dumb mailq tui; echo "left with $?"');
  const screen = await at.terminal.shows(/left with \d+/);
  assert.match(screen, /mailq list[^]*left with 64/);
});

systemTest("--readonly offers no action and does none", async () => {
  await using at = await desk();
  const { terminal, mailq } = at;
  await start(at, "--readonly");
  assert.doesNotMatch(await terminal.screen(), /retry|resend|cancel/);
  await terminal.press("x");
  await terminal.shows(/Read-only/);
  // No box that it could answer: it opens the menu of what can be copied.
  await terminal.press("y");
  await terminal.press("Escape");
  await terminal.press("q");
  await isSane(at, 0);
  assert.deepEqual(await mailq.statuses(), { Refused: "failed", Waiting: "queued" });
});
