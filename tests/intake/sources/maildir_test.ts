import assert from "node:assert/strict";
import { childOk } from "../../support/child.ts";
import fc from "fast-check";
import { Maildir } from "../../../src/intake/sources/maildir.ts";
import { MaildirBatch, setAside } from "../../../src/intake/sources/maildir_batch.ts";
import { bytesOf, textOf } from "../intake_options.ts";

const HOUR_MS = 60 * 60_000;

class Spool implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "mailq_maildir_" });

  constructor() {
    for (const part of ["tmp", "new", "cur"]) Deno.mkdirSync(`${this.path}/${part}`);
  }

  write(name: string, text: string): string {
    const path = `${this.path}/${name}`;
    Deno.writeFileSync(path, bytesOf(text));
    return path;
  }

  get maildir(): Maildir {
    return Maildir.open(this.path);
  }

  batch(now = Date.now()): MaildirBatch {
    return new MaildirBatch(this.maildir, this.maildir.files(), {}, now);
  }

  list(): string[] {
    return ["new", "cur"].flatMap((part) =>
      [...Deno.readDirSync(`${this.path}/${part}`)].map(({ name }) => `${part}/${name}`)
    ).sort();
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** Takes each input as a call does that queues it, and returns what it was given. */
function taken(batch: MaildirBatch): [name: string, to: unknown, text: string][] {
  const all = [...batch.inputs()].map((input) => {
    const read = input.read();
    const name = input.name.split("/").slice(-2).join("/");
    const text = textOf(read.kind === "whole" ? read.bytes : read.head);
    return [input, [name, input.options?.to, text]] as const;
  });
  for (const [input] of all) input.taken?.();
  return all.map(([, given]) => [given[0], given[1], given[2]]);
}

const ZOPE = "X-Zope-From: a@x.y\nX-Zope-To: b@x.y\nA: 1\n\nt\n";

Deno.test("Maildir: a folder that is none is refused", () => {
  using spool = new Spool();
  Deno.removeSync(`${spool.path}/cur`);
  assert.throws(() => spool.maildir, {
    code: "input_unreadable",
    message: `Cannot read "${spool.path}": it is no Maildir: it has no folder cur/`,
  });
  assert.throws(() => Maildir.open(`${spool.path}/no`), { code: "input_unreadable" });
  assert.throws(() => Maildir.open(spool.write("file", "")), { code: "input_unreadable" });
});

Deno.test("MaildirBatch: takes new/ and cur/, the oldest first, and takes them away", () => {
  using spool = new Spool();
  const names = ["new/b", "cur/a:2,S", "new/c", "new/1.2.host"];
  names.forEach((name, i) => Deno.utimeSync(spool.write(name, name), 0, 1_000 * (i + 1)));
  spool.write("tmp/x", "unfinished");
  using batch = spool.batch();
  assert.deepEqual(taken(batch), names.map((name) => [name, undefined, name]));
  assert.deepEqual(spool.list(), []);
  assert.equal(batch.left.size, 0);
});

Deno.test("MaildirBatch: leaves links, folders, pipes, dotfiles, drafts and trash alone", async () => {
  using spool = new Spool();
  Deno.symlinkSync(spool.write("secret", "secret"), `${spool.path}/new/link`);
  Deno.symlinkSync("nowhere", `${spool.path}/new/broken`);
  Deno.mkdirSync(`${spool.path}/new/folder`);
  await childOk(["mkfifo", `${spool.path}/new/pipe`]);
  spool.write("new/.hidden", "x");
  spool.write("new/.rejected-1", "x");
  spool.write("cur/draft:2,D", "x");
  spool.write("cur/trash:2,ST", "x");
  const before = spool.list();
  using batch = spool.batch();
  assert.deepEqual(taken(batch), []);
  assert.deepEqual(spool.list(), before);
});

Deno.test("MaildirBatch: a file that another was put in place of is not read", () => {
  using spool = new Spool();
  const secret = spool.write("secret", "secret");
  const path = spool.write("new/a", "x");
  using batch = spool.batch();
  Deno.removeSync(path);
  Deno.symlinkSync(secret, path);
  assert.deepEqual(taken(batch), []);
  spool.write("new/b", "x");
  using gone = spool.batch();
  Deno.removeSync(`${spool.path}/new/b`);
  assert.deepEqual(taken(gone), []);
});

Deno.test("MaildirBatch: a spool's envelope goes with its message; a flag beats it", () => {
  using spool = new Spool();
  spool.write("new/a", ZOPE);
  const { maildir } = spool;
  using flagged = new MaildirBatch(maildir, maildir.files(), { from: "f@x.y", to: ["t@x.y"] }, 0);
  const [input] = flagged.inputs();
  assert.deepEqual(Object.keys(input?.options ?? {}), ["key"]);
  flagged[Symbol.dispose]();
  using batch = spool.batch();
  assert.deepEqual(taken(batch), [["new/a", ["b@x.y"], "A: 1\n\nt\n"]]);
});

Deno.test("MaildirBatch: a fresh .sending- link of zope's means hands off, an old one is stale", () => {
  using spool = new Spool();
  const path = spool.write("new/a", ZOPE);
  const mark = `${spool.path}/new/.sending-a`;
  Deno.linkSync(path, mark);
  const now = Date.now();
  using fresh = spool.batch(now + 2.9 * HOUR_MS);
  assert.deepEqual(taken(fresh), []);
  assert.deepEqual(spool.list(), ["new/.sending-a", "new/a"]);
  using stale = spool.batch(now + 3.1 * HOUR_MS);
  assert.equal(taken(stale).length, 1);
  assert.deepEqual(spool.list(), []);
});

Deno.test("MaildirBatch: marks what it has in hand, as zope's processor looks for it", () => {
  using spool = new Spool();
  spool.write("new/a", ZOPE);
  spool.write("new/b", "A: 1\n\nordinary\n");
  {
    using batch = spool.batch();
    assert.equal([...batch.inputs()].length, 2);
    assert.deepEqual(spool.list(), ["new/.sending-a", "new/a", "new/b"]);
    const { mtime } = Deno.statSync(`${spool.path}/new/.sending-a`);
    assert(Math.abs(Date.now() - Number(mtime)) < 60_000, "fresh to whoever looks");
  }
  assert.deepEqual(spool.list(), ["new/a", "new/b"], "what was not taken is let go");
});

Deno.test("MaildirBatch: the mark of a mailq that died is no obstacle, however fresh", () => {
  using spool = new Spool();
  spool.write("new/a", ZOPE);
  spool.write("new/.sending-a", "mailq\n");
  spool.write("new/b", ZOPE);
  spool.write("new/.sending-b", "");
  using batch = spool.batch();
  assert.equal(taken(batch).length, 2);
  assert.deepEqual(spool.list(), []);
});

Deno.test("MaildirBatch: what zope takes between our look and our mark is left to it", () => {
  using spool = new Spool();
  const path = spool.write("new/a", ZOPE);
  using batch = spool.batch();
  Deno.linkSync(path, `${spool.path}/new/.sending-a`);
  assert.deepEqual(taken(batch), []);
  assert.deepEqual(spool.list(), ["new/.sending-a", "new/a"]);
});

Deno.test("Maildir.keyOf: is the file's, wherever it is moved, and no other's of that name", async () => {
  using spool = new Spool();
  const keys = () => spool.maildir.files().map((file) => spool.maildir.keyOf(file));
  const path = spool.write("new/a", "x");
  const [first] = keys();
  Deno.renameSync(path, `${spool.path}/cur/a:2,S`);
  Deno.utimeSync(`${spool.path}/cur/a:2,S`, 0, 0);
  assert.deepEqual(keys(), [first]);
  Deno.symlinkSync(spool.path, `${spool.path}-link`);
  const linked = Maildir.open(`${spool.path}-link/`);
  assert.deepEqual(linked.files().map((file) => linked.keyOf(file)), [first]);
  Deno.removeSync(`${spool.path}-link`);
  Deno.removeSync(`${spool.path}/cur/a:2,S`);
  // The number of a file that is gone is used again at once; its birth is not.
  const born = Date.now();
  while (Date.now() - born < 20) await Promise.resolve();
  spool.write("new/a", "x");
  assert.notDeepEqual(keys(), [first]);
});

Deno.test("setAside: keeps the file under zope's name, and overwrites none", () => {
  using spool = new Spool();
  spool.write("new/a", "second");
  spool.write("new/.rejected-a", "first");
  const [file] = spool.maildir.files();
  assert(file !== undefined);
  assert.throws(() => setAside(file), { code: "input_unreadable" });
  assert.deepEqual(spool.list(), ["new/.rejected-a", "new/a"]);
  Deno.removeSync(`${spool.path}/new/.rejected-a`);
  setAside(file);
  assert.deepEqual(spool.list(), ["new/.rejected-a"]);
});

Deno.test("MaildirBatch: any names and bytes are taken without a crash, each once", () => {
  const name = fc.stringMatching(/^[^/\0\ud800-\udfff]{1,20}$/).filter((one) =>
    !one.startsWith(".")
  );
  const file = fc.tuple(name, fc.uint8Array({ maxLength: 100 }), fc.boolean());
  fc.assert(
    fc.property(fc.uniqueArray(file, { selector: ([name]) => name }), (files) => {
      using spool = new Spool();
      let expected = 0;
      for (const [name, bytes, isSpooled] of files) {
        if (!/:2,[A-Za-z]*[DT][A-Za-z]*$/.test(name)) expected++;
        spool.write(`new/${name}`, (isSpooled ? ZOPE : "") + textOf(bytes));
      }
      using batch = spool.batch();
      assert.equal(taken(batch).length, expected);
      assert.equal(spool.list().length, files.length - expected);
    }),
    { numRuns: 100 },
  );
});
