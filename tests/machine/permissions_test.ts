import assert from "node:assert/strict";
import type { Ended } from "../support/child.ts";
import { mail, Mailq, PROGRAM } from "../support/mailq.ts";
import { denoDirOf, letNobodyIn, runAs, runAsNobody } from "./unprivileged.ts";

/** Settings that root and nobody share. */
async function sharedMailq(): Promise<Mailq> {
  const mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  await Deno.writeTextFile(`${mailq.folder}/mailq.toml`, "");
  await letNobodyIn(mailq);
  return mailq;
}

function assertRefused(ended: Ended, names: string): void {
  assert.equal(ended.code, 77, `${ended.code}: ${ended.stderr}`);
  assert.equal(ended.stdout, "");
  assert.match(ended.stderr, /^[^\n]+\n$/, `one line: ${ended.stderr}`);
  assert.ok(ended.stderr.includes(names), `${ended.stderr} should name ${names}`);
}

Deno.test("permissions: a folder that cannot be written makes enqueue 77", async () => {
  await using mailq = await sharedMailq();
  const folder = `${mailq.folder}/closed`;
  await Deno.mkdir(folder, { mode: 0o755 });
  mailq.env.MAILQ_QUEUE = `${folder}/queue.db`;
  assertRefused(await runAsNobody(mailq, ["enqueue"], { stdin: mail() }), mailq.env.MAILQ_QUEUE);
  assert.deepEqual([...Deno.readDirSync(folder)], []);
});

Deno.test("permissions: a folder that cannot even be entered makes every command 77", async () => {
  await using mailq = await sharedMailq();
  const folder = `${mailq.folder}/closed`;
  await Deno.mkdir(folder, { mode: 0o700 });
  mailq.env.MAILQ_QUEUE = `${folder}/queue.db`;
  await mailq.enqueue(mail({ subject: "safe" }));
  for (const command of ["enqueue", "send", "list", "status"]) {
    const ended = await runAsNobody(mailq, [command], { stdin: mail() });
    assertRefused(ended, mailq.env.MAILQ_QUEUE);
  }
  assert.deepEqual(await mailq.statuses(), { safe: "queued" });
});

Deno.test("permissions: another user's queue makes every command 77", async () => {
  await using mailq = await sharedMailq();
  await mailq.enqueue(mail({ subject: "safe" }));
  assert.equal((await Deno.stat(mailq.queue)).mode! & 0o777, 0o600);
  for (const command of ["enqueue", "send", "list", "status"]) {
    const ended = await runAsNobody(mailq, [command], { stdin: mail() });
    assertRefused(ended, mailq.queue);
  }
  assert.deepEqual(await mailq.statuses(), { safe: "queued" });
});

Deno.test("permissions: a queue that may be read only takes no mail and sends none", async () => {
  await using mailq = await sharedMailq();
  await mailq.enqueue(mail({ subject: "safe" }));
  await Deno.chmod(mailq.queue, 0o644);
  for (const command of ["enqueue", "send", "retry"]) {
    const ended = await runAsNobody(mailq, [command], { stdin: mail() });
    assertRefused(ended, mailq.queue);
  }
  assert.deepEqual(await mailq.statuses(), { safe: "queued" });
});

Deno.test("permissions: a lock file in a folder that cannot be written makes send 77", async () => {
  await using mailq = await sharedMailq();
  const closed = `${mailq.folder}/closed`;
  await Deno.mkdir(closed, { mode: 0o755 });
  mailq.env.MAILQ_QUEUE = `${mailq.folder}/nobody/queue.db`;
  const enqueued = await runAsNobody(mailq, ["enqueue"], { stdin: mail({ subject: "safe" }) });
  assert.equal(enqueued.code, 0, enqueued.stderr);
  const lock = `${closed}/lock`;
  const env = { MAILQ_LOCK_PATH: lock };
  const ended = await runAsNobody(mailq, ["send"], { env });
  assertRefused(ended, lock);
  assert.match(ended.stderr, /lock_path/, "it says which setting helps");
  assert.equal((await runAsNobody(mailq, ["send"])).code, 0);
  assert.deepEqual(await mailq.statuses(), { safe: "sent" });
});

Deno.test("permissions: root may work on an ordinary user's queue, who can go on with it", async () => {
  await using mailq = await sharedMailq();
  mailq.env.MAILQ_QUEUE = `${mailq.folder}/nobody/queue.db`;
  const asNobody = async (...args: string[]) => {
    const ended = await runAsNobody(mailq, args, { stdin: mail({ subject: args.join(" ") }) });
    assert.equal(ended.code, 0, ended.stderr);
  };
  await asNobody("enqueue");
  await mailq.enqueue(mail({ subject: "root's" }));
  await mailq.ok(["send", "--max-batch", "1"]);
  await asNobody("send");
  await asNobody("enqueue", "--tag", "again");
  await asNobody("send");
  assert.deepEqual(await mailq.statuses(), {
    "enqueue": "sent",
    "root's": "sent",
    "enqueue --tag again": "sent",
  });
});

Deno.test("permissions: sendmail needs no variable, no folder to stand in and no umask", async () => {
  await using mailq = await sharedMailq();
  const closed = `${mailq.folder}/closed`;
  await Deno.mkdir(closed, { mode: 0o700 });
  const queue = `${mailq.folder}/nobody/queue.db`;
  const options = ["--config", `${mailq.folder}/mailq.toml`, "--queue", queue];
  const NOBODY = 65534;
  for (const umask of ["022", "0777"]) {
    const script = `umask ${umask}; exec env -i DENO_DIR=${denoDirOf(mailq)} "$@"`;
    const command = [...PROGRAM, ...options, "sendmail", "-t", "-i"];
    const { code, stdout, stderr } = await runAs(
      mailq,
      NOBODY,
      ["/bin/sh", "-c", script, "sh", ...command],
      { stdin: mail({ to: "a@b.test", subject: umask }), cwd: closed },
    );
    assert.deepEqual([code, stdout, stderr], [0, "", ""], `umask ${umask}`);
  }
  mailq.env.MAILQ_QUEUE = queue;
  const listed = await runAsNobody(mailq, ["list", "--json"]);
  const senders = listed.stdout.trim().split("\n").map((line) => JSON.parse(line).sender);
  assert.equal(senders.length, 2);
  for (const sender of senders) assert.match(sender, /^nobody@/);
});

Deno.test("permissions: the settings of another user's HOME are a warning at intake alone", async () => {
  await using mailq = await sharedMailq();
  const home = `${mailq.folder}/root`;
  await Deno.mkdir(`${home}/.config/mailq`, { recursive: true });
  await Deno.writeTextFile(`${home}/.config/mailq/config.toml`, 'from = "root@x.test"\n');
  await Deno.chmod(home, 0o700);
  const env = { HOME: home, MAILQ_CONFIG: "", MAILQ_QUEUE: `${mailq.folder}/nobody/queue.db` };
  for (const command of [["enqueue"], ["sendmail", "-t"]]) {
    const ended = await runAsNobody(mailq, command, { stdin: mail(), env });
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stderr, /^mailq: warning: Cannot read the settings file ".*config\.toml"/);
  }
  assert.equal((await runAsNobody(mailq, ["send"], { env })).code, 77);
});
