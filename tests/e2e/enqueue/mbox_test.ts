import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { runInShell } from "../support/shell.ts";

const TWO = "From ann@sender.test Mon Jan  1 00:00:00 2026\nTo: bob@receiver.test\nSubject: one\n" +
  "Message-ID: <1@x>\nDate: Mon, 1 Jan 2026 00:00:00 +0000\n\n>From here\n>>From there\n\n\n" +
  "From MAILER-DAEMON Mon Jan  1 00:00:00 2026\nTo: eve@receiver.test\nSubject: two\n" +
  "Message-ID: <2@x>\nDate: Mon, 1 Jan 2026 00:00:00 +0000\n\nText\n\n";

async function raw(mailq: Mailq, subject: string): Promise<string> {
  const [{ id }] = await mailq.json(["list", "--subject", subject]);
  return await mailq.ok(["show", id, "--raw"]);
}

Deno.test("enqueue --mbox: takes each message of files and stdin, all or none", async () => {
  await using mailq = await Mailq.make();
  await Deno.writeTextFile(`${mailq.folder}/a.mbox`, TWO);
  const ids = await mailq.ok(["enqueue", "--mbox", "a.mbox", "-", "--tag", "old"], { stdin: TWO });
  assert.equal(ids.split("\n").length, 5);
  const messages = await mailq.json(["list", "--tag", "old", "--sort", "oldest"]);
  assert.deepEqual(messages.map(({ subject, to }) => [subject, to]), [
    ["one", "bob@receiver.test"],
    ["two", "eve@receiver.test"],
    ["one", "bob@receiver.test"],
    ["two", "eve@receiver.test"],
  ]);
  const lines = (await raw(mailq, "one")).split("\r\n");
  assert.deepEqual(lines.slice(5), ["From here", ">From there", "", ""]);
  assert((await raw(mailq, "two")).endsWith("\r\n\r\nText\r\n"));
});

Deno.test("enqueue --mbox: --mbox-format mboxo leaves the lines as they are", async () => {
  await using mailq = await Mailq.make();
  await mailq.ok(["enqueue", "--mbox", "--mbox-format", "mboxo"], { stdin: TWO });
  assert.match(await raw(mailq, "one"), /\r\n\r\n>From here\r\n>>From there\r\n\r\n$/);
});

Deno.test("enqueue --mbox: a bad message is named, and nothing is queued", async () => {
  await using mailq = await Mailq.make();
  const bad = TWO.replace("To: eve@receiver.test", "To: eve@@receiver.test");
  await Deno.writeTextFile(`${mailq.folder}/a.mbox`, TWO);
  await Deno.writeTextFile(`${mailq.folder}/b.mbox`, bad);
  await Deno.writeTextFile(`${mailq.folder}/mail.eml`, mail());
  const cases: [string[], number, RegExp][] = [
    [["--mbox", "a.mbox", "b.mbox"], 65, /^mailq: b\.mbox, message 2: .*eve@@receiver\.test/],
    [["--mbox", "a.mbox", "mail.eml"], 65, /^mailq: mail\.eml: it is no mbox: .*"From: ann@/],
    [["--mbox", "a.mbox", "none"], 66, /^mailq: Cannot read "none": there is no such file/],
    [["--mbox", "."], 66, /^mailq: Cannot read "\.": it is a folder/],
    [["--mbox-format", "mboxo", "a.mbox"], 64, /without --mbox/],
    [["--mbox", "--mbox-format", "mboxcl", "a.mbox"], 64, /mboxrd/],
    [["--mbox", "--key", "k", "a.mbox"], 64, /--key/],
  ];
  for (const [args, code, stderr] of cases) {
    const ended = await mailq.run(["enqueue", ...args]);
    assert.equal(ended.code, code, ended.stderr);
    assert.match(ended.stderr, stderr);
    assert.equal(ended.stdout, "");
  }
  assert.deepEqual(await mailq.json(["list"]), []);
});

Deno.test("enqueue --mbox: an empty mbox is told, and no error", async () => {
  await using mailq = await Mailq.make();
  const { code, stdout, stderr } = await mailq.run(["enqueue", "--mbox"], { stdin: "" });
  assert.deepEqual([code, stdout], [0, ""]);
  assert.match(stderr, /holds no message/);
});

Deno.test("enqueue --mbox: a message of 5 MB among thousands goes through, staged", async () => {
  await using mailq = await Mailq.make();
  // 2,500 small ones are more than one commit holds.
  const line = `
    one() { printf 'From a Mon\\nTo: b@receiver.test\\nSubject: %s\\n\\n' "$1"; }
    { for n in $(seq 1250); do one $n; echo small; echo; done
      one large; head -c 3800000 /dev/zero | base64; echo
      for n in $(seq 1250); do one $n; echo small; echo; done
    } | mailq enqueue --mbox | wc -l`;
  assert.equal((await runInShell(mailq, line)).stdout.trim(), "2501");
  const [{ size }] = await mailq.json(["list", "--subject", "large"]);
  assert(size > 5_000_000 && size < 5_300_000, `${size} bytes`);
  assert.equal((await mailq.json(["status"]))[0].queued, 2501);
});
