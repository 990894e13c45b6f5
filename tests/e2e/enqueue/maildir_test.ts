import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { openQueue, Running, until } from "../support/running.ts";

/** A Maildir in a test's folder. */
async function makeSpool(mailq: Mailq): Promise<string> {
  const path = `${mailq.folder}/spool`;
  await Deno.mkdir(path);
  for (const part of ["tmp", "new", "cur"]) await Deno.mkdir(`${path}/${part}`);
  return path;
}

/** Puts a message into a Maildir as every program should: written elsewhere, then renamed. */
async function deliver(spool: string, name: string, text: string): Promise<void> {
  await Deno.writeTextFile(`${spool}/tmp/${name}`, text);
  await Deno.rename(`${spool}/tmp/${name}`, `${spool}/new/${name}`);
}

function listed(spool: string): string[] {
  return ["new", "cur"].flatMap((part) =>
    [...Deno.readDirSync(`${spool}/${part}`)].map(({ name }) => name)
  ).sort();
}

const zope = (subject: string, to = "bob@receiver.test") =>
  `X-Zope-From: app@sender.test\nX-Zope-To: ${to}\nSubject: ${subject}\nFrom: x@y.test\n` +
  "To: other@y.test\n\nText\n";

Deno.test("enqueue --maildir: a zope.sendmail spool, with its envelope", async () => {
  await using mailq = await Mailq.make();
  const spool = await makeSpool(mailq);
  await deliver(
    spool,
    "1.1.host.1",
    zope("one", '"Doe, Jane" <jane@receiver.test>, bob@receiver.test'),
  );
  await deliver(spool, "2.1.host.1", zope("two").replace(/app@sender.test/, ""));
  assert.equal((await mailq.ok(["enqueue", "--maildir", spool])).split("\n").length, 3);
  const [two, one] = await mailq.json(["list"]);
  assert.deepEqual([one.subject, one.sender, one.recipients_total], ["one", "app@sender.test", 2]);
  assert.deepEqual([two.subject, two.sender, two.recipients_total], ["two", "", 1]);
  const { recipients } = (await mailq.json(["show", one.id]))[0];
  assert.deepEqual(recipients.map(({ address }: { address: string }) => address), [
    "jane@receiver.test",
    "bob@receiver.test",
  ]);
  const content = await mailq.ok(["show", one.id, "--raw"]);
  assert(content.endsWith("Subject: one\r\nFrom: x@y.test\r\nTo: other@y.test\r\n\r\nText\r\n"));
  assert.doesNotMatch(content, /X-Zope/i);
  assert.deepEqual(listed(spool), []);
  assert.equal(await mailq.ok(["enqueue", "--maildir", spool]), "", "an empty one is no error");
});

Deno.test("enqueue --maildir: a repoze.sendmail spool and an ordinary Maildir", async () => {
  await using mailq = await Mailq.make();
  const spool = await makeSpool(mailq);
  const repoze = mail({
    subject: "repoze",
    extra: "X-Actually-From: =?utf-8?q?r=40x=2Etest?=\n" +
      "X-Actually-To: =?utf-8?q?l=40y=2Etest=2Cm=40y=2Etest?=\n",
  });
  await deliver(spool, "1", repoze);
  await deliver(spool, "2", mail({ subject: "ordinary" }));
  await Deno.rename(`${spool}/new/2`, `${spool}/cur/2:2,S`);
  await mailq.ok(["enqueue", "--maildir", `${spool}/`]);
  const messages = await mailq.json(["list", "--sort", "oldest"]);
  const seen = messages.map((one) => [one.subject, one.sender, one.recipients_total]);
  assert.deepEqual(seen, [["repoze", "r@x.test", 2], ["ordinary", "ann@sender.test", 1]]);
  assert.deepEqual(listed(spool), []);
  await deliver(spool, "3", mail({ subject: "flagged" }));
  await mailq.ok(["enqueue", "--maildir", spool, "--to", "ops@x.test", "--from", "", "--hold"]);
  const [flagged] = await mailq.json(["list"]);
  assert.deepEqual([flagged.sender, flagged.status], ["", "held"]);
});

Deno.test("enqueue --maildir: one bad file, and nothing is queued; --set-aside goes on", async () => {
  await using mailq = await Mailq.make();
  const spool = await makeSpool(mailq);
  for (let n = 0; n < 5; n++) await deliver(spool, `good${n}`, zope(`good${n}`));
  await deliver(spool, "bad", zope("bad", "nobody@@receiver.test"));
  const before = listed(spool);
  const refused = await mailq.run(["enqueue", "--maildir", spool]);
  assert.equal(refused.code, 65);
  assert.match(
    refused.stderr,
    /spool\/new\/bad: .*nobody@@receiver\.test.*nothing was queued.*--set-aside/,
  );
  assert.deepEqual([listed(spool), await mailq.json(["list"])], [before, []]);
  const ended = await mailq.run(["enqueue", "--maildir", spool, "--set-aside"]);
  assert.deepEqual([ended.code, ended.stdout.split("\n").length], [0, 6]);
  assert.match(ended.stderr, /^mailq: warning: set aside as \.rejected-bad: .*nobody@@/);
  assert.deepEqual(listed(spool), [".rejected-bad"]);
  assert.equal((await mailq.run(["enqueue", "--maildir", spool])).stderr, "", "told once");
});

Deno.test("enqueue --maildir: what was queued and not taken away is not queued twice", async () => {
  await using mailq = await Mailq.make();
  const spool = await makeSpool(mailq);
  await deliver(spool, "1", zope("one"));
  await deliver(spool, "2", mail({ subject: "two" }));
  // As a crash between the commit and the removal leaves it: the same files, still there.
  await Deno.link(`${spool}/new/1`, `${mailq.folder}/1`);
  await Deno.link(`${spool}/new/2`, `${mailq.folder}/2`);
  const ids = await mailq.ok(["enqueue", "--maildir", spool]);
  await Deno.rename(`${mailq.folder}/1`, `${spool}/new/1`);
  await Deno.rename(`${mailq.folder}/2`, `${spool}/cur/2:2,S`);
  await Deno.writeTextFile(`${spool}/new/.sending-1`, "mailq\n");
  assert.deepEqual(
    (await mailq.ok(["enqueue", "--maildir", spool])).split("\n").sort(),
    ids.split("\n").sort(),
  );
  assert.deepEqual(listed(spool), []);
  assert.equal((await mailq.json(["list"])).length, 2);
});

Deno.test("enqueue --maildir: wrong use is told", async () => {
  await using mailq = await Mailq.make();
  const spool = await makeSpool(mailq);
  await Deno.remove(`${spool}/cur`);
  const cases: [string[], number, RegExp][] = [
    [["--maildir", spool], 66, /it is no Maildir: it has no folder cur\//],
    [["--maildir", "none"], 66, /Cannot read "none": there is no such file or folder/],
    [["--maildir", spool, "x.eml"], 64, /--maildir alone/],
    [["--maildir", spool, "--mbox"], 64, /--maildir alone/],
    [["--maildir", spool, "--key", "k"], 64, /each file has a key/],
    [["--watch"], 64, /without --maildir/],
    [["--mbox", "--set-aside"], 64, /without --maildir/],
  ];
  for (const [args, code, stderr] of cases) {
    const ended = await mailq.run(["enqueue", ...args]);
    assert.equal(ended.code, code, ended.stderr);
    assert.match(ended.stderr, stderr);
  }
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`enqueue --maildir --watch: takes what comes, and ends with 0 at ${signal}`, async () => {
    await using mailq = await Mailq.make();
    const spool = await makeSpool(mailq);
    await deliver(spool, "before", zope("before"));
    await using watch = await Running.start(mailq, [
      "enqueue",
      "--maildir",
      spool,
      "--watch",
      "--verbose",
    ]);
    await watch.said(/taking mail from/);
    const store = await openQueue(mailq);
    try {
      await until(store, async (queue) => (await queue.status()).queued === 1);
      await deliver(spool, "bad", zope("bad", "nobody@@receiver.test"));
      await watch.said(/left where it is: .*new\/bad: .*nobody@@/);
      for (let n = 0; n < 20; n++) {
        const begun = performance.now();
        await deliver(spool, `n${n}`, n % 2 === 0 ? zope(`n${n}`) : mail({ subject: `n${n}` }));
        await until(store, async (queue) => (await queue.status()).queued === 2 + n);
        // Within a second is the promise; the rest is for a machine that is busy.
        assert(performance.now() - begun < 5_000);
      }
      watch.child.kill(signal);
      const ids = await watch.ended();
      assert.equal(ids.split("\n").length, 22);
      assert.deepEqual(listed(spool), ["bad"]);
      assert.equal(watch.stderr.match(/left where it is/g)?.length, 1, "told once");
    } finally {
      await store.close();
    }
  });
}

Deno.test("enqueue --maildir --watch: a second mailq keeps off", async () => {
  await using mailq = await Mailq.make();
  const spool = await makeSpool(mailq);
  const args = ["enqueue", "--maildir", spool];
  await using watch = await Running.start(mailq, [...args, "--watch", "--verbose"]);
  await watch.said(/taking mail from/);
  const { code, stderr } = await mailq.run(args);
  assert.equal(code, 75);
  assert.match(stderr, /another mailq is at work on it/);
  await watch.stop();
});

Deno.test("enqueue --maildir --watch: a folder that goes away is outlasted", async () => {
  await using mailq = await Mailq.make();
  const spool = await makeSpool(mailq);
  await mailq.enqueue(mail());
  await using watch = await Running.start(mailq, [
    "enqueue",
    "--maildir",
    spool,
    "--watch",
    "--verbose",
  ]);
  await watch.said(/taking mail from/);
  await Deno.rename(spool, `${spool}.away`);
  await watch.said(/warning: Cannot read .*; trying again/);
  await Deno.rename(`${spool}.away`, spool);
  await deliver(spool, "1", zope("one"));
  const store = await openQueue(mailq);
  try {
    await until(store, async (queue) => (await queue.status()).queued === 2);
  } finally {
    await store.close();
  }
  await watch.stop();
  assert.equal(watch.stderr.match(/trying again/g)?.length, 1, "told once");
});
