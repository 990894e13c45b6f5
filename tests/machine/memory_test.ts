import assert from "node:assert/strict";
import { childOk } from "../support/child.ts";
import { Mailq, PROGRAM } from "../support/mailq.ts";
import { makeManyMessages } from "../support/many_messages.ts";
import { require } from "./requirements.ts";
import { SmtpSink } from "./smtp_sink.ts";

const TIME = "/usr/bin/time";
const MB = 1_000_000;
/** What a message of 50 MB may add to the memory that a tiny one needs. */
const BUDGET_KB = 100 * MB / 1024;

/** Runs a command that must exit 0, its input from a file, and returns the most memory it had
 *  resident, in KB. */
async function peakKb(mailq: Mailq, args: readonly string[], input: string): Promise<number> {
  require(TIME);
  const out = `${mailq.folder}/peak`;
  const command = `exec "$0" -f %M -o '${out}' "$@" < '${input}'`;
  await childOk(["/bin/sh", "-c", command, TIME, ...PROGRAM, ...args], {
    env: mailq.env,
    clearEnv: true,
    cwd: mailq.folder,
  });
  return Number((await Deno.readTextFile(out)).trim());
}

/** A message of `sizeBytes` with 8-bit bytes and leading dots in it. */
async function writeMessage(path: string, sizeBytes: number): Promise<void> {
  const line = new TextEncoder().encode(`.${"caf\u00e9 ".repeat(10)}\r\n`);
  const block = new Uint8Array(line.length * 1000);
  for (let at = 0; at < block.length; at += line.length) block.set(line, at);
  using file = await Deno.open(path, { create: true, write: true, truncate: true });
  const header = "From: a@sender.test\r\nTo: b@receiver.test\r\n\r\n";
  await file.write(new TextEncoder().encode(header));
  for (let left = sizeBytes; left > 0; left -= block.length) {
    const piece = block.subarray(0, Math.min(left, block.length));
    for (let at = 0; at < piece.length;) at += await file.write(piece.subarray(at));
  }
}

Deno.test("memory: a message of 50 MB adds at most 100 MB to enqueue and to send", async () => {
  await using sink = await SmtpSink.start();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: sink.url });
  await mailq.ok(["--version"]); // makes the settings file
  const tiny = `${mailq.folder}/tiny.eml`;
  const large = `${mailq.folder}/large.eml`;
  await writeMessage(tiny, 1_000);
  await writeMessage(large, 50 * MB);
  const measure = async (input: string) => ({
    stdin: await peakKb(mailq, ["enqueue"], input),
    file: await peakKb(mailq, ["enqueue", input], "/dev/null"),
    send: await peakKb(mailq, ["send", "--strict"], "/dev/null"),
  });
  const little = await measure(tiny);
  const much = await measure(large);
  for (const what of ["stdin", "file", "send"] as const) {
    const addedKb = much[what] - little[what];
    assert.ok(addedKb <= BUDGET_KB, `${what}: ${addedKb} KB more than ${little[what]} KB`);
  }
  assert.equal(await sink.stop(), 4);
});

/** What a pass may have resident, whatever the queue holds. */
const PASS_KB = 150 * MB / 1024;
const WAITING = 200_000;
const SENT_BY_SMTP = 20_000;

Deno.test("memory: send needs no more than 150 MB with 200,000 messages waiting", async () => {
  await using sink = await SmtpSink.start();
  await using mailq = await Mailq.make();
  await mailq.ok(["--version"]); // makes the settings file
  await makeManyMessages(mailq.queue, WAITING, { isQueued: true });
  const peaks: Record<string, number> = {};
  mailq.env.MAILQ_TRANSPORT = sink.url;
  const some = ["send", "--strict", "--max-batch", String(SENT_BY_SMTP)];
  peaks[`${SENT_BY_SMTP} by SMTP`] = await peakKb(mailq, some, "/dev/null");
  mailq.env.MAILQ_TRANSPORT = "null:";
  peaks["the rest to null:"] = await peakKb(mailq, ["send", "--strict"], "/dev/null");
  const [status] = await mailq.json(["status"]);
  assert.deepEqual([status.sent, status.queued], [WAITING, 0]);
  assert.ok(await sink.stop() >= SENT_BY_SMTP);
  for (const [what, kb] of Object.entries(peaks)) {
    console.log(`memory: send of ${what}, ${WAITING} waiting: ${Math.round(kb / 1024)} MB`);
    assert.ok(kb <= PASS_KB, `${what}: ${kb} KB`);
  }
});
