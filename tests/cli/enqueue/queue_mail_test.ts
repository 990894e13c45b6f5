import assert from "node:assert/strict";
import { runCli } from "../../../src/cli/frame/run.ts";
import { loadSettings } from "../../../src/config/load.ts";
import { openStore } from "../../../src/store/open.ts";
import { TestApp } from "../../support/app.ts";
import { mail } from "../../support/mailq.ts";

/** What a command line comes to. */
interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Trouble {
  /** Thrown where the output is written. */
  readonly output?: Error;
  /** Thrown where the settings for sending are loaded. */
  readonly sending?: Error;
}

/** Runs a command line in this process, with a mail of priority now on its stdin. */
async function run(app: TestApp, args: readonly string[], trouble: Trouble = {}): Promise<Ran> {
  let rest = new TextEncoder().encode(mail({ extra: "X-Mail-Queue-Priority: now\r\n" }));
  const said = { stdout: "", stderr: "" };
  const stream = (name: "stdout" | "stderr") => ({
    isTerminal: () => false,
    writeSync(bytes: Uint8Array): number {
      if (name === "stdout" && trouble.output !== undefined) throw trouble.output;
      said[name] += new TextDecoder().decode(bytes);
      return bytes.length;
    },
  });
  const readSync = (into: Uint8Array): number | null => {
    if (rest.length === 0) return null;
    const count = Math.min(into.length, rest.length);
    into.set(rest.subarray(0, count));
    rest = rest.subarray(count);
    return count;
  };
  const env = { MAILQ_QUEUE: app.queue, MAILQ_HOSTNAME: "host.test", MAILQ_TRANSPORT: "null:" };
  const code = await runCli(args, {
    stdin: {
      readSync,
      read: (into) => Promise.resolve(readSync(into)),
      isTerminal: () => false,
    },
    stdout: stream("stdout"),
    stderr: stream("stderr"),
    env,
    surroundings: {
      env,
      isRoot: true,
      isFolder: () => false,
      systemHostname: () => "host.test",
      readFile(path) {
        throw new Deno.errors.NotFound(path);
      },
    },
    clock: app.clock,
    random: app.random,
    loadSettings(options) {
      const fails = options.purpose === "all" && trouble.sending !== undefined;
      return fails ? Promise.reject(trouble.sending) : loadSettings(options);
    },
    openStore,
    calledName: () => Promise.resolve(null),
    user: () => "tester",
    onStop: () => ({ [Symbol.dispose]() {} }),
    onReload: () => ({ [Symbol.dispose]() {} }),
    wait: app.wait,
  });
  return { code, ...said };
}

const WAYS: readonly (readonly string[])[] = [
  ["enqueue"],
  ["enqueue", "--to", "bob@receiver.test"],
  ["sendmail", "bob@receiver.test"],
];

for (const args of WAYS) {
  Deno.test(`${args.join(" ")}: mail of priority now is sent by this very process`, async () => {
    await using app = await TestApp.make();
    const { code, stderr } = await run(app, args);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.deepEqual((await app.messages()).map(({ status }) => status), ["sent"]);
  });

  Deno.test(`${args.join(" ")}: what keeps mail from being sent at once is no failure`, async () => {
    await using app = await TestApp.make();
    const { code, stdout, stderr } = await run(app, args, { sending: new Error("no relay") });
    assert.equal(code, 0);
    assert.equal(stderr, "mailq: warning: queued, but not sent at once: no relay\n");
    const [message, ...others] = await app.messages();
    assert.deepEqual([message?.status, others], ["queued", []]);
    assert.equal(stdout, args[0] === "enqueue" ? `${message?.id}\n` : "");
  });
}

Deno.test("enqueue: nobody who reads the id is no failure, and no reason to say so", async () => {
  await using app = await TestApp.make();
  const { code, stderr } = await run(app, ["enqueue"], { output: new Deno.errors.BrokenPipe() });
  assert.deepEqual([code, stderr], [0, ""]);
  assert.deepEqual((await app.messages()).map(({ status }) => status), ["sent"]);
});

Deno.test("enqueue: an id that cannot be written is told, and the mail is sent", async () => {
  await using app = await TestApp.make();
  const { code, stderr } = await run(app, ["enqueue"], { output: new Error("disk full") });
  assert.equal(code, 0);
  assert.match(stderr, /^mailq: warning: queued, but not told: Cannot write the output: disk full/);
  assert.deepEqual((await app.messages()).map(({ status }) => status), ["sent"]);
});
