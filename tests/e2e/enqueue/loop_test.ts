import assert from "node:assert/strict";
import { mail, Mailq, PROGRAM } from "../../support/mailq.ts";

/** A script that runs the program with `args`, and counts how often it was run. */
async function wrapper(mailq: Mailq, args: string): Promise<string> {
  const path = `${mailq.folder}/wrapper`;
  const program = PROGRAM.map((part) => `'${part}'`).join(" ");
  const script = `#!/bin/sh\necho x >> '${mailq.folder}/runs'\nexec ${program} ${args}\n`;
  await Deno.writeTextFile(path, script, { mode: 0o755 });
  return path;
}

/** Sends one mail by `transport` and tells what became of it. */
async function sendBy(mailq: Mailq, transport: string) {
  mailq.env.MAILQ_TRANSPORT = transport;
  // What uses up a retry fails for good.
  mailq.env.MAILQ_RETRY_MAX = "0";
  const id = await mailq.enqueue(mail());
  const { code, stderr } = await mailq.run(["send", "--strict"]);
  const [message] = await mailq.json(["show", id]);
  const messages = await mailq.json(["list", "--limit", "0"]);
  const runs = await Deno.readTextFile(`${mailq.folder}/runs`).catch(() => "");
  return { code, stderr, message, count: messages.length, runs: runs.length / 2 };
}

for (const kind of ["sendmail", "exec"] as const) {
  Deno.test(`loop: ${kind}: of a wrapper around mailq leaves the mail where it is, and says why`, async () => {
    await using mailq = await Mailq.make();
    const path = await wrapper(mailq, "enqueue --to bob@receiver.test");
    const { code, message, count, runs } = await sendBy(mailq, `${kind}:${path}`);
    assert.deepEqual([code, message.status, count, runs], [69, "deferred", 1, 1]);
    const { attempts: [attempt] } = message;
    assert.match(
      attempt.reply,
      RegExp(`Cannot queue mail from within the program of the relay "default": .*${message.id}`),
    );
    assert.match(attempt.error, /exit status 78/);
  });
}

Deno.test("loop: a relay's program may put mail into another queue", async () => {
  await using mailq = await Mailq.make();
  const other = `${mailq.folder}/other.db`;
  const path = await wrapper(mailq, `enqueue --queue '${other}' --to bob@receiver.test`);
  const { code, stderr, message, runs } = await sendBy(mailq, `exec:${path}`);
  assert.deepEqual([code, message.status, runs], [0, "sent", 1], stderr);
  assert.equal((await mailq.json(["list", "--queue", other])).length, 1);
});

Deno.test({
  name: "loop: sendmail: with mailq itself, by its name or a link, is 78 and sends nothing",
  // From source the program that runs is deno.
  ignore: Deno.env.get("MAILQ_TEST_PROGRAM") === undefined,
  fn: async () => {
    await using mailq = await Mailq.make();
    const [own = ""] = PROGRAM;
    const link = `${mailq.folder}/sendmail`;
    await Deno.symlink(own, link);
    for (const path of [own, link]) {
      const { code, stderr, message } = await sendBy(mailq, `sendmail:${path}`);
      assert.deepEqual([code, message.status, message.attempts], [78, "queued", []]);
      assert.match(stderr, /that is mailq itself.*expected another sendmail program/);
    }
  },
});
