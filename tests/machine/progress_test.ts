import assert from "node:assert/strict";
import { mail, Mailq } from "../support/mailq.ts";
import { require } from "./requirements.ts";
import { Tmux } from "./tmux.ts";

/** A relay that takes a message once the file `go` is there. */
const RELAY = "exec:until test -e go; do sleep 0.05; done; cat > /dev/null";

function systemTest(behaviour: string, fn: () => Promise<void>): void {
  const ignore = Deno.env.get("MAILQ_TEST_SYSTEM") === undefined;
  Deno.test({ name: `progress: ${behaviour}`, ignore, fn });
}

interface Desk extends AsyncDisposable {
  readonly mailq: Mailq;
  readonly terminal: Tmux;
}

async function desk(transport: string): Promise<Desk> {
  require("/usr/bin/tmux");
  const mailq = await Mailq.make({ MAILQ_TRANSPORT: transport });
  const terminal = await Tmux.open({ folder: mailq.folder, env: mailq.env });
  return {
    mailq,
    terminal,
    async [Symbol.asyncDispose]() {
      await terminal[Symbol.asyncDispose]();
      await mailq[Symbol.asyncDispose]();
    },
  };
}

systemTest(
  "send says at a terminal how far it is and what it waits for, in a line that goes",
  async () => {
    await using desk_ = await desk(RELAY);
    const { mailq, terminal } = desk_;
    for (const subject of ["One", "Two"]) await mailq.enqueue(mail({ subject }));
    await terminal.run("mailq send > out; echo ended with $?");
    await terminal.shows(/^mailq: sending: 0 of 2, waiting for a relay's answer$/m);
    await Deno.writeTextFile(`${mailq.folder}/go`, "");
    const screen = await terminal.shows(/ended with 0/);
    assert.doesNotMatch(screen, /sending/);
    assert.equal(await Deno.readTextFile(`${mailq.folder}/out`), "Sent 2 messages\n");
  },
);

systemTest("another pass is waited for in a line that says how long", async () => {
  await using desk_ = await desk(RELAY);
  const { mailq, terminal } = desk_;
  await mailq.enqueue(mail({ subject: "One" }));
  await terminal.run(
    "mailq send > out 2>&1 & until test -s queue.db-lock; do sleep 0.1; done; clear",
  );
  await terminal.run("mailq send --lock-wait 2m; echo ended with $?");
  await terminal.shows(/^mailq: waiting for the lock, (2m|1m\d+s) left$/m);
  await Deno.writeTextFile(`${mailq.folder}/go`, "");
  const screen = await terminal.shows(/ended with 0/);
  assert.doesNotMatch(screen, /waiting for the lock/);
});

systemTest("with --quiet nothing is seen, and no id is printed", async () => {
  await using desk_ = await desk("null:");
  const { mailq } = desk_;
  const { code, stdout, stderr } = await mailq.run(["enqueue", "-q"], { stdin: mail({}) });
  assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "", stderr: "" });
  assert.equal((await mailq.json(["list"])).length, 1);
});
