import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { alterQueue } from "../support/queue_file.ts";
import { runInShell } from "../support/shell.ts";

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

async function threeMails(mailq: Mailq): Promise<string[]> {
  const ids: string[] = [];
  for (const to of ["a@one.test", "b@two.test", "c@two.test"]) {
    ids.push(await mailq.enqueue(mail({ to, subject: to, extra: "Bcc: hidden@x.test\r\n" })));
  }
  return ids;
}

/** Every message's bytes, by subject. */
async function contents(mailq: Mailq): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  for (const { id, subject } of await mailq.json(["list", "--limit", "0"])) {
    all[subject] = await mailq.ok(["show", id, "--raw"]);
  }
  return all;
}

Deno.test("export: to a folder of .eml files, by filter, id or all", async () => {
  await using mailq = await Mailq.make();
  const [one = "", two = "", three = ""] = await threeMails(mailq);
  const out = `${mailq.folder}/out`;
  assert.equal(
    await mailq.ok(["export", "--to", "@two.test", "--eml", out]),
    `Exported 2 messages to ${out}\n`,
  );
  assert.deepEqual(names(out), [`${two}.eml`, `${three}.eml`].sort());
  for (const name of names(out)) {
    assert.equal((Deno.statSync(`${out}/${name}`).mode ?? 0) & 0o777, 0o600);
  }
  const raw = await mailq.ok(["show", two, "--raw"]);
  assert.equal(await Deno.readTextFile(`${out}/${two}.eml`), raw);
  assert.deepEqual(await mailq.json(["export", one.slice(0, 8), "--eml", out]), [
    { exported: 1, without_body: 0 },
  ]);
  const again = await mailq.run(["export", "--all", "--eml", out]);
  assert.equal(again.code, 73);
  assert.match(again.stderr, /out\/\w{12}\.eml: there is a file already/);
  assert.equal(names(out).length, 3, "nothing is left of the attempt");
  assert.equal((await mailq.json(["list"])).length, 3, "the queue keeps them");
});

Deno.test("export: --eml - prints one message, --mbox - prints all", async () => {
  await using mailq = await Mailq.make();
  const [one = ""] = await threeMails(mailq);
  const raw = await mailq.run(["show", one, "--raw"]);
  assert.deepEqual((await mailq.run(["export", one, "--eml", "-"])).stdoutBytes, raw.stdoutBytes);
  assert.equal((await mailq.run(["export", "--all", "--eml", "-"])).code, 64);
  assert.equal((await mailq.run(["export", "--to", "nobody", "--eml", "-"])).code, 64);
  const mbox = await mailq.ok(["export", "--all", "--mbox", "-"]);
  assert.equal(mbox.match(/^From ann@sender\.test \w{3} \w{3} [ \d]\d /gm)?.length, 3);
  assert.doesNotMatch(mbox, /\r/);
});

for (
  const [way, out, back] of [
    [".eml", "export --all --eml out", "enqueue --to x@y.test out"],
    ["mbox", "export --all --mbox -", "enqueue --mbox"],
    ["Maildir", "export --all --maildir out", "enqueue --maildir out"],
  ] as const
) {
  Deno.test(`export: ${way} taken in again gives the same bytes`, async () => {
    await using mailq = await Mailq.make();
    await threeMails(mailq);
    await mailq.enqueue(mail({
      subject: "hostile",
      body: "From a\r\n>From b\r\n.\r\n..\r\n\0\xff\r\n\r\n\r\nFrom c\r\n\r\n\r\n",
    }));
    const other = `--queue other.db`;
    const pipe = way === "mbox" ? "|" : "> /dev/null &&";
    const line = `mailq ${out} ${pipe} mailq ${other} ${back}`;
    const { code, stderr } = await runInShell(mailq, line);
    assert.equal(code, 0, stderr);
    const copy = { ...mailq.env, MAILQ_QUEUE: `${mailq.folder}/other.db` };
    const before = await contents(mailq);
    Object.assign(mailq.env, copy);
    assert.deepEqual(await contents(mailq), before);
    assert.equal(Object.keys(before).length, 4);
  });
}

Deno.test("export: a Maildir with envelopes keeps sender, Bcc recipients and the null sender", async () => {
  await using mailq = await Mailq.make();
  await threeMails(mailq);
  await mailq.enqueue(mail({ subject: "bounce" }), "--from", "", "--to", '"a, b"@x.test');
  const envelopes = async () => {
    const all: Record<string, unknown> = {};
    for (const { id } of await mailq.json(["list"])) {
      const [{ subject, sender, recipients }] = await mailq.json(["show", id]);
      all[subject] = [sender, recipients.map(({ address }: { address: string }) => address)];
    }
    return all;
  };
  const before = await envelopes();
  assert.deepEqual(before["a@one.test"], ["ann@sender.test", ["a@one.test", "hidden@x.test"]]);
  assert.deepEqual(before["bounce"], ["", ['"a, b"@x.test']]);
  await mailq.ok(["export", "--all", "--maildir", "spool", "--envelope"]);
  const [first = ""] = names(`${mailq.folder}/spool/new`);
  assert.match(
    await Deno.readTextFile(`${mailq.folder}/spool/new/${first}`),
    /^X-Zope-From: [^\n]*\nX-Zope-To: [^\n]*\nMessage-ID: /,
  );
  mailq.env.MAILQ_QUEUE = `${mailq.folder}/other.db`;
  await mailq.ok(["enqueue", "--maildir", "spool"]);
  assert.deepEqual(await envelopes(), before);
  assert.deepEqual(names(`${mailq.folder}/spool/new`), []);
});

Deno.test("export: a Maildir that is there is added to, an mbox is not", async () => {
  await using mailq = await Mailq.make();
  await threeMails(mailq);
  for (const total of [3, 6]) {
    await mailq.ok(["export", "--all", "--maildir", "md"]);
    assert.equal(names(`${mailq.folder}/md/new`).length, total);
  }
  assert.deepEqual(names(`${mailq.folder}/md/tmp`), []);
  await mailq.ok(["export", "--all", "--mbox", "out.mbox"]);
  const before = await Deno.readTextFile(`${mailq.folder}/out.mbox`);
  const { code, stderr } = await mailq.run(["export", "--all", "--mbox", "out.mbox"]);
  assert.equal(code, 73);
  assert.match(stderr, /^mailq: Cannot write out\.mbox: there is a file already\n$/);
  assert.equal(await Deno.readTextFile(`${mailq.folder}/out.mbox`), before);
  const left = names(mailq.folder).filter((name) => name.includes("mbox"));
  assert.deepEqual(left, ["out.mbox"]);
});

Deno.test("export: messages whose bytes were not kept are counted, and the exit says so", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:", MAILQ_KEEP_BODIES: "false" });
  const [one = ""] = await threeMails(mailq);
  await mailq.ok(["send", one]);
  const ended = await mailq.run(["export", "--all", "--mbox", "out.mbox"]);
  assert.deepEqual([ended.code, ended.stdout], [66, "Exported 2 messages to out.mbox\n"]);
  assert.match(ended.stderr, /1 of them cannot be exported: the bytes were deleted/);
  const { code, stdout } = await mailq.run(["export", one, "--eml", "-"]);
  assert.deepEqual([code, stdout], [66, ""]);
});

Deno.test("export: a damaged message stops it, and leaves no part of a file", async () => {
  await using mailq = await Mailq.make();
  await mailq.enqueue(mail({ subject: "large", body: "x\r\n".repeat(300_000) }));
  alterQueue(mailq, "DELETE FROM body WHERE part % 4096 = 1");
  for (const args of [["--eml", "out"], ["--mbox", "out.mbox"], ["--maildir", "md"]]) {
    const { code, stderr } = await mailq.run(["export", "--all", ...args]);
    assert.equal(code, 74, stderr);
  }
  assert.deepEqual(names(`${mailq.folder}/out`), []);
  assert.deepEqual(["new", "tmp"].map((part) => names(`${mailq.folder}/md/${part}`)), [[], []]);
  assert(!names(mailq.folder).some((name) => name.includes("mbox")));
});

Deno.test("export: wrong use is told", async () => {
  await using mailq = await Mailq.make();
  await threeMails(mailq);
  const cases: [string[], number, RegExp][] = [
    [["--all"], 64, /give one of --eml, --mbox and --maildir/],
    [["--all", "--eml", "a", "--mbox", "b"], 64, /give one of/],
    [["--eml", "a"], 64, /name ids, give a filter/],
    [["--all", "--eml", "a", "--envelope"], 64, /--envelope without --maildir/],
    [["--all", "--eml", "none/a"], 73, /there is no such folder/],
    [["--all", "--eml", "queue.db"], 73, /there is a file already/],
  ];
  for (const [args, code, stderr] of cases) {
    const ended = await mailq.run(["export", ...args]);
    assert.equal(ended.code, code, ended.stderr);
    assert.match(ended.stderr, stderr);
  }
});
