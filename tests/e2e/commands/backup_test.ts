import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";
import { Running } from "../support/running.ts";
import { runInShell } from "../support/shell.ts";

Deno.test("backup: a copy made while others queue and send is a working queue", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await mailq.enqueue(mail({ subject: "before" }));
  await using run = await Running.service(mailq);
  await server.received(1);
  const enqueueing = runInShell(
    mailq,
    `mkdir many; for n in $(seq 300); do printf 'To: a@x.test\\n\\n%s\\n' $n > many/$n.eml; done
     for n in 1 2 3 4; do mailq enqueue many > ids; done`,
  );
  const copies: [path: string, messages: number][] = [];
  for (let n = 0; n < 4; n++) {
    const path = `copy${n}.db`;
    const told = await mailq.ok(["backup", path]);
    const [, messages, size] =
      /^Wrote copy\d\.db, as of \S+ \S+: (\d+) messages?, the newest of \S+ \S+, (\d+) bytes\n$/
        .exec(told) ??
        [];
    assert.equal(Number(size), Deno.statSync(`${mailq.folder}/${path}`).size);
    copies.push([path, Number(messages)]);
  }
  assert.equal((await enqueueing).code, 0);
  await run.stop();
  for (const [path, messages] of copies) {
    const listed = await mailq.json(["--queue", path, "list", "--limit", "0"]);
    assert.equal(listed.length, messages);
    const [sent] = await mailq.json(["--queue", path, "send"], {
      env: { MAILQ_TRANSPORT: "null:" },
    });
    assert.equal(sent.remaining, 0, "what was not sent in it can be sent from it");
  }
});

Deno.test("backup: put in the queue's place by hand, it is the queue again", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  const id = await mailq.enqueue(mail({ subject: "kept" }));
  await mailq.ok(["backup", "backup.db"]);
  const mode = Deno.statSync(`${mailq.folder}/backup.db`).mode ?? 0;
  assert.equal(mode & 0o777, 0o600);
  await mailq.enqueue(mail({ subject: "later" }));
  const line = `rm -f queue.db-*; install -m 600 backup.db queue.db; mailq list --json`;
  const { code, stdout, stderr } = await runInShell(mailq, line);
  assert.equal(code, 0, stderr);
  assert.equal(JSON.parse(stdout).id, id);
  await mailq.ok(["send"]);
  assert.deepEqual(await mailq.statuses(), { kept: "sent" });
});

Deno.test("backup: prints JSON, writes over a file only with --force, and tells wrong use", async () => {
  await using mailq = await Mailq.make();
  const none = await mailq.run(["backup", "copy.db"]);
  assert.equal(none.code, 66);
  assert.match(none.stderr, /queue\.db: there is none yet/);
  assert.equal(await Deno.stat(mailq.queue).catch(() => null), null, "none was made");
  await mailq.enqueue(mail());
  const [told] = await mailq.json(["backup", "copy.db"]);
  assert.deepEqual([told.path, told.messages, typeof told.size], ["copy.db", 1, "number"]);
  const [made, newest] = [Date.parse(told.made_at), Date.parse(told.newest_at)];
  assert.ok(newest <= made && made <= Date.now(), JSON.stringify(told));
  const cases: [string[], number, RegExp][] = [
    [["copy.db"], 73, /^mailq: Cannot write copy\.db: there is a file already; --force/],
    [["--force", mailq.queue], 73, /it belongs to the queue itself/],
    [["none/copy.db"], 73, /there is no such folder/],
    [["-"], 64, /expected the name of a file/],
    [[], 64, /FILE/],
  ];
  for (const [args, code, stderr] of cases) {
    const ended = await mailq.run(["backup", ...args]);
    assert.equal(ended.code, code, ended.stderr);
    assert.match(ended.stderr, stderr);
  }
  await mailq.enqueue(mail());
  assert.equal((await mailq.json(["backup", "--force", "copy.db"]))[0].messages, 2);
  const left = [...Deno.readDirSync(mailq.folder)].map(({ name }) => name);
  assert.deepEqual(left.filter((name) => name.includes("copy")), ["copy.db"]);
});
