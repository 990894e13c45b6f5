import assert from "node:assert/strict";
import { childOk } from "../support/child.ts";
import { SmtpClient } from "../e2e/support/smtp_client.ts";
import { mail, Mailq, PROGRAM } from "../support/mailq.ts";
import { require } from "./requirements.ts";
import { SmallDisk } from "./small_disk.ts";
import { letNobodyIn, runAsNobody } from "./unprivileged.ts";

const TIME = "/usr/bin/time";
const MB = 1_000_000;
/** What a message of 50 MB may add to the memory that a tiny one needs. */
const BUDGET_KB = 100 * MB / 1024;

Deno.test("disk full: -bs answers 452 and stores nothing; with room it goes on", async () => {
  await using disk = await SmallDisk.mount(8 * 1024 * 1024);
  await using mailq = await Mailq.make();
  mailq.env.MAILQ_QUEUE = `${disk.folder}/queue.db`;
  await mailq.enqueue(mail({ subject: "earlier" }));
  await using client = await SmtpClient.start(mailq);
  for (const size of [600_000, 3_000_000]) {
    disk.fill(size / 2);
    await client.begin("ann@x.test", "a@b.test");
    await client.send(`Subject: large\r\n\r\n${`${"x".repeat(70)}\r\n`.repeat(size / 72)}.\r\n`);
    assert.match(await client.reply(), /^452 4\.3\.1 .*disk is full/i);
    disk.free();
  }
  assert.deepEqual(await mailq.statuses(), { earlier: "queued" });
  await client.begin("ann@x.test", "a@b.test");
  await client.send("Subject: later\r\n\r\nhi\r\n.\r\n");
  assert.match(await client.reply(), /^250 /);
  assert.deepEqual(await mailq.statuses(), { earlier: "queued", later: "queued" });
});

Deno.test("disk full: sendmail is 74 and queues nothing", async () => {
  await using disk = await SmallDisk.mount(8 * 1024 * 1024);
  await using mailq = await Mailq.make();
  mailq.env.MAILQ_QUEUE = `${disk.folder}/queue.db`;
  await mailq.enqueue(mail({ subject: "earlier" }));
  disk.fill(300_000);
  const stdin = mail({ body: "All work and no play\r\n".repeat(30_000) });
  const ended = await mailq.run(["sendmail", "a@b.test"], { stdin });
  assert.equal(ended.code, 74, ended.stderr);
  disk.free();
  assert.deepEqual(await mailq.statuses(), { earlier: "queued" });
});

Deno.test("permissions: another user's queue makes sendmail 77 and -bs 451", async () => {
  await using mailq = await Mailq.make();
  await Deno.writeTextFile(`${mailq.folder}/mailq.toml`, "");
  await letNobodyIn(mailq);
  await mailq.enqueue(mail());
  const ended = await runAsNobody(mailq, ["sendmail", "-i", "a@b.test"], { stdin: mail() });
  assert.equal(ended.code, 77, ended.stderr);
  const talk = "EHLO me\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n";
  const spoken = await runAsNobody(mailq, ["sendmail", "-bs"], { stdin: talk });
  assert.match(spoken.stdout, /\r\n451 4\.3\.0 [^\r]*\r\n221 /);
  assert.equal((await mailq.json(["list"])).length, 1);
});

/** Runs sendmail, its input from a file, and returns the most memory it had resident, in KB. */
async function peakKb(mailq: Mailq, args: readonly string[], input: string): Promise<number> {
  require(TIME);
  const out = `${mailq.folder}/peak`;
  const command = `exec "$0" -f %M -o '${out}' "$@" < '${input}'`;
  const stdout = await childOk(["/bin/sh", "-c", command, TIME, ...PROGRAM, "sendmail", ...args], {
    env: mailq.env,
    clearEnv: true,
  });
  if (args.includes("-bs")) assert.match(stdout, /queued as/);
  return Number((await Deno.readTextFile(out)).trim());
}

Deno.test("memory: a message of 50 MB adds at most 100 MB to sendmail and to -bs", async () => {
  await using mailq = await Mailq.make();
  await mailq.ok(["--version"]); // makes the settings file
  const line = ".All work and no play makes Jack a dull boy, caf\u00e9 after caf\u00e9.\r\n";
  const ways = [
    [["-i", "a@b.test"], "", ""],
    [["a@b.test"], "", ""],
    [["-bs"], "EHLO me\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\n", ".\r\nQUIT\r\n"],
  ] as const;
  for (const [args, before, after] of ways) {
    const peaks: number[] = [];
    for (const size of [1_000, 50 * MB]) {
      const path = `${mailq.folder}/input`;
      const body = line.repeat(Math.floor(size / line.length));
      await Deno.writeTextFile(path, `${before}Subject: x\r\n\r\n${body}${after}`);
      peaks.push(await peakKb(mailq, args, path));
    }
    const [little = 0, much = 0] = peaks;
    const addedKb = much - little;
    assert.ok(addedKb <= BUDGET_KB, `${args.join(" ")}: ${addedKb} KB more than ${little} KB`);
  }
  const sizes = (await mailq.json(["list"])).map((one) => one.size);
  assert.equal(sizes.filter((size) => size > 49 * MB).length, 3);
});
