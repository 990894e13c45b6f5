import assert from "node:assert/strict";
import { childOk } from "../support/child.ts";
import { askShell, sendSignal, sendSignalToGroup, shell } from "../../src/system/shell.ts";
import { wait } from "../../src/system/time.ts";

const LONG_MS = 600_000;
const CALL = { isGroup: true, limitMs: LONG_MS, maxBytes: 4_096, wait };

/** A wait that is over at once where `isOver`, as if its time had passed. */
function waitThatIsOver(isOver: Promise<void>) {
  return (_ms: number, signal: AbortSignal): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => resolve());
    return Promise.race([promise, isOver]);
  };
}

Deno.test("askShell: a command's input, output, variables and status", async () => {
  const answer = await askShell('read line; echo "$line $COLOUR ${HOME-none}"; exit 3', {
    ...CALL,
    env: { COLOUR: "blue" },
    input: "the sky\n",
  });
  assert.deepEqual(answer, {
    text: "the sky blue none\n",
    code: 3,
    signal: null,
    isLate: false,
    isCut: false,
  });
});

Deno.test("askShell: without variables given it has ours, and without input an empty one", async () => {
  const { text } = await askShell('cat; echo "$PATH"', { ...CALL, isGroup: false });
  assert.equal(text, `${Deno.env.get("PATH")}\n`);
});

Deno.test("askShell: a command that does not read its input is none the worse for it", async () => {
  const { text, code } = await askShell("echo done", { ...CALL, input: "x".repeat(1_000_000) });
  assert.deepEqual([text, code], ["done\n", 0]);
});

Deno.test("askShell: a command killed by a signal", async () => {
  const { code, signal, isLate } = await askShell("kill -USR1 $$", CALL);
  assert.deepEqual([code, signal, isLate], [138, "SIGUSR1", false]);
});

Deno.test("askShell: one that never ends printing is ended", async () => {
  // Killed, or by itself when it finds the pipe closed: whichever comes first.
  const { text, isCut } = await askShell("yes", CALL);
  assert.deepEqual([isCut, text.startsWith("y\ny\n")], [true, true]);
});

for (const isGroup of [true, false]) {
  const kind = isGroup ? "its group too" : "however long what it started lives on";
  Deno.test(`askShell: one that takes too long is ended, ${kind}`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "mailq-shell-" });
    let child = 0;
    try {
      const pipe = `${folder}/pipe`;
      await childOk(["mkfifo", pipe]);
      // It is late once it has told the pipe of its child.
      const told = Deno.readTextFile(pipe).then((text) => void (child = Number(text)));
      const answer = await askShell(`sleep 600 & echo $! >'${pipe}'; echo begun; wait`, {
        ...CALL,
        isGroup,
        wait: waitThatIsOver(told),
      });
      assert.equal(answer.isLate, true);
      assert.equal(answer.signal, isGroup ? "SIGKILL" : "SIGTERM");
      if (isGroup) await gone(child);
      else assert.ok(await isAlive(child));
    } finally {
      if (!isGroup && child > 0) Deno.kill(child, "SIGKILL");
      await Deno.remove(folder, { recursive: true });
    }
  });
}

/** False, too, for what is left of a process that nobody has asked for its end. */
async function isAlive(pid: number): Promise<boolean> {
  const state = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => null);
  return state !== null && !/\) [ZX]/.test(state);
}

async function gone(pid: number): Promise<void> {
  while (await isAlive(pid)) await wait(1);
}

Deno.test("a signal to a program, or a group, that has ended is no error", async () => {
  const child = shell("exit 0", { detached: true }).spawn();
  await child.status;
  sendSignal(child, "SIGTERM");
  sendSignalToGroup(child, "SIGTERM");
});
