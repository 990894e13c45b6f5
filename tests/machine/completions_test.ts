import assert from "node:assert/strict";
import { childOk } from "../support/child.ts";
import { mail, Mailq } from "../support/mailq.ts";
import { require } from "./requirements.ts";
import { Tmux } from "./tmux.ts";

/** How each shell is started without settings of the machine, and what it then reads. */
const SHELLS = {
  bash: { program: "/bin/bash", start: "bash --norc --noprofile", reads: "source ./script" },
  zsh: {
    program: "/usr/bin/zsh",
    start: "zsh -f",
    reads: "autoload -U compinit; compinit -D -u; source ./script; PS1='$ '",
  },
  fish: {
    program: "/usr/bin/fish",
    start: "fish --no-config",
    reads:
      "function fish_prompt; printf '$ '; end; function fish_right_prompt; end; source ./script",
  },
} as const;
type Shell = keyof typeof SHELLS;

/** The further keys that make a shell list what there is. */
const LISTS = { bash: ["Tab"], zsh: [], fish: [] } as const;

/** A subject that would do harm if a shell evaluated it. */
const HOSTILE = "Now $(touch owned) `touch owned` ;touch owned";

/** A shell in a terminal that has read the script, and a queue with a message in it. */
class Desk implements AsyncDisposable {
  private constructor(
    readonly mailq: Mailq,
    readonly terminal: Tmux,
    readonly id: string,
  ) {}

  static async open(shell: Shell): Promise<Desk> {
    const { program, start, reads } = SHELLS[shell];
    require("/usr/bin/tmux", program);
    const mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:", XDG_DATA_HOME: "/nonexistent" });
    await Deno.writeTextFile(`${mailq.folder}/mailq.toml`, '[relay.bulk]\nurl = "null:"\n');
    await Deno.writeTextFile(`${mailq.folder}/script`, await mailq.ok(["completions", shell]));
    const flags = ["--tag", "news:2026", "--tag", "two words", "--tag", "$(touch owned)"];
    const id = await mailq.enqueue(mail({ to: "ann@acme.test", subject: HOSTILE }), ...flags);
    // What two ids begin with alike would be completed first.
    const another = mail({ to: "bob@acme.test", subject: "Another" });
    while ((await mailq.enqueue(another)).at(0) === id.at(0));
    const terminal = await Tmux.open({ folder: mailq.folder, env: mailq.env, columns: 120 });
    await terminal.run(`clear; ${start}`);
    await terminal.shows(/[$%#>] ?$/);
    await terminal.run(`${reads}; clear; echo is''ready`);
    await terminal.shows(/isready/);
    return new Desk(mailq, terminal, id);
  }

  /** Types a command line and presses TAB; resolves with the screen once it has a match. */
  async completes(typed: string, wanted: RegExp, ...more: ("Tab" | "Z")[]): Promise<string> {
    await this.terminal.run("clear");
    await this.terminal.shows(/^\$ ?$/);
    await this.terminal.type(typed);
    await this.terminal.press("Tab", ...more);
    const screen = await this.terminal.shows(wanted);
    // A key, which waits for its turn: the signal of C-c is lost in the middle of completing.
    await this.terminal.press("C-u");
    await this.terminal.shows(/(?:^|\n)\$ ?\n*$/);
    return screen;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.terminal[Symbol.asyncDispose]();
    await this.mailq[Symbol.asyncDispose]();
  }
}

function systemTest(behaviour: string, fn: () => Promise<void>): void {
  const ignore = Deno.env.get("MAILQ_TEST_SYSTEM") === undefined;
  Deno.test({ name: `completions: ${behaviour}`, ignore, fn });
}

for (const shell of ["bash", "zsh", "fish"] as const) {
  systemTest(`${shell} completes what has one answer`, async () => {
    await using desk = await Desk.open(shell);
    await desk.completes("mailq rese", /^\$ mailq resend/m);
    await desk.completes("mailq suppress rem", /^\$ mailq suppress remove/m);
    await desk.completes("mailq list --sta", /^\$ mailq list --status/m);
    await desk.completes("mailq list --status defe", /^\$ mailq list --status deferred/m);
    await desk.completes("mailq list --status held,defe", /--status held,deferred/);
    await desk.completes("mailq list --status=defe", /--status=deferred/);
    await desk.completes("mailq config retry.li", /^\$ mailq config retry\.lifetime/m);
    await desk.completes("mailq enqueue --maildir b", /--maildir bin\//);
    await desk.completes("mailq pause --relay b", /--relay bulk/);
    await desk.completes("mailq list --tag news:", /--tag news:2026/);
    await desk.completes("mailq list --tag=n", /--tag=news:2026/);
    await desk.completes("mailq list --tag two", /--tag '?two\\? words/);
    await desk.completes(`mailq show ${desk.id.slice(0, 7)}`, new RegExp(`show ${desk.id}`));
    // Not the queue that the settings name; the Z comes once nothing was completed.
    const begun = desk.id.slice(0, 7);
    await desk.completes(
      `mailq --queue /dev/null show ${begun}`,
      RegExp(`show ${begun}Z$`, "m"),
      "Z",
    );
  });

  systemTest(`${shell} lists ids with their subjects, and evaluates none`, async () => {
    await using desk = await Desk.open(shell);
    // bash lists at the second TAB only.
    const screen = await desk.completes("mailq show ", /Another/, ...LISTS[shell]);
    assert.ok(screen.includes(desk.id), screen);
    assert.ok(screen.includes("Now $(touch owned) `touch owned`"), screen);
    await desk.completes("mailq list --tag \\$", /--tag \S*touch/);
    await assert.rejects(Deno.lstat(`${desk.mailq.folder}/owned`), Deno.errors.NotFound);
  });
}

systemTest("bash starts no process for what the script knows", async () => {
  require("/bin/bash");
  await using mailq = await Mailq.make();
  await Deno.writeTextFile(`${mailq.folder}/script`, await mailq.ok(["completions", "bash"]));
  const text = `source ./script
PATH=
mailq() { echo "called with $*"; }
try() { COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_TYPE=9; _mailq; echo "\${COMPREPLY[*]}"; }
try mailq rese
try mailq list --status = que
try mailq --json suppress exp
try mailq compose -s text --prior
try mailq tx -- mailq li --sta
try mailq sendmail --sta
try mailq config throt`;
  const said = await childOk(["/bin/bash", "-c", text], { cwd: mailq.folder });
  assert.deepEqual(said.trimEnd().split("\n"), [
    "resend",
    "queued",
    "export",
    "--priority",
    "",
    "",
    "throttle",
  ]);
});
