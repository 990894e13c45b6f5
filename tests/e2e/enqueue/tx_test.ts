import assert from "node:assert/strict";
import { mail, type Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";
import { alterQueue } from "../support/queue_file.ts";
import { Running } from "../support/running.ts";
import { assertNoTrace, makeTxMailq, runTx } from "../support/tx_mailq.ts";

/** Puts mails into files named for their subjects. */
async function write(mailq: Mailq, ...subjects: string[]): Promise<void> {
  for (const subject of subjects) {
    await Deno.writeTextFile(`${mailq.folder}/${subject}.eml`, mail({ subject }));
  }
}

Deno.test("tx: all that the command queues shows when it exits 0, and not before", async () => {
  await using mailq = await makeTxMailq();
  await write(mailq, "one", "two");
  await Deno.mkdir(`${mailq.folder}/many`);
  const large = mail({ subject: "large", body: `${"x".repeat(78)}\r\n`.repeat(20_000) });
  await Deno.writeTextFile(`${mailq.folder}/many/0.eml`, large);
  for (let n = 1; n < 30; n++) {
    await Deno.writeTextFile(`${mailq.folder}/many/${n}.eml`, mail({ subject: `many ${n}` }));
  }
  const { code, stdout, stderr } = await runTx(
    mailq,
    `mailq enqueue one.eml && (cd / && mailq enqueue < "$HOME/two.eml") && mailq enqueue many &&
     mailq status --plain && mailq list --json`,
  );
  assert.equal(code, 0, stderr);
  const lines = stdout.trim().split("\n");
  assert.equal(lines.length, 33, "32 ids, the counts, and not one message");
  assert.equal(lines.at(-1), "0/0/0");
  assert.match(await mailq.ok(["status", "--plain"]), /^32\/0\//);
  for (const id of lines.slice(0, 32)) await mailq.ok(["show", id]);
  const subjects = Array.from({ length: 29 }, (_, n) => `many ${n + 1}`);
  await assertNoTrace(mailq, ["one", "two", "large", ...subjects]);
});

Deno.test("tx: every way in leads into it, but for what would take mail away", async () => {
  await using mailq = await makeTxMailq();
  await write(mailq, "one");
  for (const name of ["cur", "new", "tmp"]) {
    await Deno.mkdir(`${mailq.folder}/Maildir/${name}`, { recursive: true });
  }
  await Deno.writeTextFile(`${mailq.folder}/Maildir/new/1.host`, mail({ subject: "unread" }));
  const line = JSON.stringify({ to: "a@b.test", subject: "line", text: "Text" });
  await Deno.writeTextFile(`${mailq.folder}/lines.jsonl`, `${line}\n`);
  const script = (end: number) =>
    `mailq sendmail -t < one.eml && mailq enqueue --jsonl lines.jsonl &&
     echo Text | mailq compose --to a@b.test --subject composed || exit 9
     mailq enqueue --maildir Maildir; [ $? = 64 ] || exit 8
     mailq status --plain; exit ${end}`;
  const dropped = await runTx(mailq, script(1));
  assert.equal(dropped.code, 1, dropped.stderr);
  assert.match(dropped.stdout, /^0\/0\/0$/m);
  assert.match(dropped.stderr, /Cannot take .*1\.host away within `mailq tx`/);
  await assertNoTrace(mailq);
  assert.equal((await runTx(mailq, script(0))).code, 0);
  await assertNoTrace(mailq, ["one", "line", "composed"]);
  await Deno.lstat(`${mailq.folder}/Maildir/new/1.host`);
});

Deno.test("tx: a command that fails leaves nothing, and its status is passed on", async () => {
  await using mailq = await makeTxMailq();
  await write(mailq, "one");
  for (const status of [1, 3, 75, 255]) {
    const { code, stdout, stderr } = await runTx(mailq, `mailq enqueue one.eml; exit ${status}`);
    assert.deepEqual([code, stderr], [status, ""]);
    assert.match(stdout, /^[0-9a-z]{12}\n$/);
  }
  assert.equal((await runTx(mailq, "exit 0")).code, 0);
  await assertNoTrace(mailq);
});

Deno.test("tx: a call that fails in it brings nothing, whatever the rest does", async () => {
  await using mailq = await makeTxMailq();
  await write(mailq, "one");
  const { code, stderr } = await runTx(
    mailq,
    `mailq enqueue one.eml missing.eml; [ $? = 66 ] || exit 1
     mailq enqueue --to 'a@b@c' one.eml; [ $? = 65 ] || exit 2
     mailq enqueue --key k one.eml; mailq enqueue --key k one.eml`,
  );
  assert.equal(code, 0, stderr);
  await assertNoTrace(mailq, ["one"]);
});

Deno.test("tx: options of the command are the command's, with -- before it or without", async () => {
  await using mailq = await makeTxMailq();
  const words = ["echo", "--json", "-q", "--config", "its.toml", "--", "--help", "-x"];
  const said = `${words.slice(1).join(" ")}\n`;
  for (const before of [["tx", "--"], ["tx"], ["tx", "--verbose"], ["--json", "tx"]]) {
    assert.equal(await mailq.ok([...before, ...words]), said);
  }
});

Deno.test("tx: arguments, stdin and the environment reach the command as they are", async () => {
  await using mailq = await makeTxMailq();
  const args = ["printf", "<%s>", "--json", "-v", "a b", "", "--", "*"];
  assert.equal(await mailq.ok(["tx", "--", ...args]), "<--json><-v><a b><><--><*>");
  const stdin = mail({ subject: "piped" });
  await mailq.ok(["tx", "--", "mailq", "enqueue"], { stdin });
  await assertNoTrace(mailq, ["piped"]);
});

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"] as const) {
  Deno.test(`tx: ${signal} is passed on, and what the command makes of it counts`, async () => {
    await using mailq = await makeTxMailq();
    await write(mailq, "one");
    for (const status of [0, 7]) {
      const script = `trap 'kill -9 $!; exit ${status}' ${signal.slice(3)}
        mailq enqueue one.eml; sleep 600 & echo ready >&2; wait`;
      await using tx = await Running.start(mailq, ["tx", "--", "sh", "-c", script]);
      await tx.said(/ready/);
      tx.child.kill(signal);
      assert.deepEqual(await statusOf(tx), { code: status, signal: null });
      await assertNoTrace(mailq, status === 0 ? ["one"] : []);
      await mailq.ok(["purge", "--all", "--undelivered"]);
    }
  });
}

for (
  const [signal, end] of [
    ["SIGTERM", { code: 143, signal: "SIGTERM" }],
    ["SIGINT", { code: 130, signal: "SIGINT" }],
    ["SIGHUP", { code: 129, signal: "SIGHUP" }],
    ["SIGKILL", { code: 137, signal: null }],
    ["SIGSEGV", { code: 139, signal: null }],
  ] as const
) {
  Deno.test(`tx: a command killed by ${signal} leaves nothing, and tells the shell so`, async () => {
    await using mailq = await makeTxMailq();
    await write(mailq, "one");
    const script = `mailq enqueue one.eml; kill -${signal.slice(3)} $$`;
    const { code, signal: by } = await runTx(mailq, script);
    assert.deepEqual({ code, signal: by }, end);
    await assertNoTrace(mailq);
  });
}

async function statusOf({ child }: Running): Promise<{ code: number; signal: string | null }> {
  const { code, signal } = await child.status;
  return { code, signal };
}

Deno.test("tx: what cannot be run is 127 or 126, as in a shell, and nothing at all is 64", async () => {
  await using mailq = await makeTxMailq();
  await Deno.writeTextFile(`${mailq.folder}/plain`, "text", { mode: 0o644 });
  for (
    const [words, status, text] of [
      [["--", "no-such-command"], 127, /^mailq: Cannot run "no-such-command": there is no such/],
      [["--", "./plain"], 126, /^mailq: Cannot run "\.\/plain": permission denied/],
      [["--"], 64, /^mailq: Cannot run nothing: name a command/],
      [[], 64, /^mailq: Cannot run nothing: name a command/],
    ] as const
  ) {
    const { code, stderr } = await mailq.run(["tx", ...words]);
    assert.equal(code, status);
    assert.match(stderr, text);
  }
  const { stderr } = await mailq.run(["--json", "tx", "--", "no-such-command"]);
  assert.equal(JSON.parse(stderr).error.exit, 127);
  await mailq.ok(["status"]);
  await assertNoTrace(mailq);
});

Deno.test("tx: another queue, a rubbish variable and an ended transaction are refused", async () => {
  await using mailq = await makeTxMailq();
  await write(mailq, "one");
  const { stdout, stderr } = await runTx(
    mailq,
    `mailq enqueue --queue other.db one.eml; echo $?
     MAILQ_QUEUE=other.db mailq enqueue one.eml; echo $?
     MAILQ_QUEUE=other.db mailq tx -- true; echo $?
     MAILQ_TX=1 mailq enqueue one.eml; echo $?
     printf %s "$MAILQ_TX"`,
  );
  const [token = "", ...codes] = stdout.split("\n").reverse();
  assert.deepEqual(codes, ["78", "78", "78", "78"], stderr);
  assert.match(stderr, /Cannot use another queue than .*queue\.db: .*unset MAILQ_TX/);
  assert.match(stderr, /Cannot use MAILQ_TX = "1"/);
  await assert.rejects(Deno.lstat(`${mailq.folder}/other.db`), Deno.errors.NotFound);
  for (const command of [["enqueue", "one.eml"], ["tx", "--", "true"]]) {
    const late = await mailq.run(command, { env: { MAILQ_TX: token } });
    assert.equal(late.code, 75);
    assert.match(late.stderr, /^mailq: Cannot queue mail in the `mailq tx` .*: that has ended/);
  }
  await assertNoTrace(mailq);
});

Deno.test("tx: with --queue and --config, the command's mail goes there from anywhere", async () => {
  await using mailq = await makeTxMailq();
  await write(mailq, "one");
  await Deno.writeTextFile(`${mailq.folder}/own.toml`, 'from = "own@sender.test"\n');
  const flags = ["--queue", "own.db", "--config", "own.toml"];
  const script = 'cd /; printf "To: a@b.test\\n\\nText\\n" | mailq enqueue';
  await mailq.ok(["tx", ...flags, "--", "sh", "-c", script]);
  const [message] = await mailq.json(["list", "--queue", "own.db"]);
  assert.equal(message.sender, "own@sender.test");
});

Deno.test("tx: MAILQ_TX= queues mail outside of it", async () => {
  await using mailq = await makeTxMailq();
  await write(mailq, "one", "two");
  await runTx(mailq, "MAILQ_TX= mailq enqueue one.eml; mailq enqueue two.eml; exit 1");
  await assertNoTrace(mailq, ["one"]);
});

Deno.test("tx: mail of priority now is sent after the commit, by tx itself", async () => {
  await using server = new SmtpServer();
  await using mailq = await makeTxMailq({ MAILQ_TRANSPORT: server.url });
  await write(mailq, "one", "two");
  const enqueue = "mailq enqueue --json --priority now one.eml; mailq enqueue two.eml";
  assert.equal((await runTx(mailq, `${enqueue}; exit 1`)).code, 1);
  assert.equal(server.messages.length, 0);
  const { code, stdout } = await runTx(mailq, `${enqueue}; mailq status --json`);
  assert.equal(code, 0);
  const [told = "", , status = ""] = stdout.trim().split("\n");
  assert.deepEqual(Object.keys(JSON.parse(told)), ["id"]);
  assert.deepEqual([JSON.parse(status).queued, JSON.parse(status).sent], [0, 0]);
  assert.deepEqual(await mailq.statuses(), { one: "sent", two: "queued" });
  mailq.env.MAILQ_TRANSPORT = "smtp://127.0.0.1:1";
  assert.equal((await runTx(mailq, "mailq enqueue --priority now two.eml")).code, 0);
});

Deno.test("tx: a key taken meanwhile drops that message alone, and says so", async () => {
  await using mailq = await makeTxMailq();
  await write(mailq, "one", "two");
  const { code, stdout, stderr } = await runTx(
    mailq,
    `mailq enqueue --key k one.eml; mailq enqueue --key k one.eml; mailq enqueue two.eml
     MAILQ_TX= mailq enqueue --key k one.eml`,
  );
  assert.equal(code, 0);
  const [first = "", again, , taken = ""] = stdout.trim().split("\n");
  assert.equal(again, first);
  assert.match(
    stderr,
    new RegExp(`^mailq: ${first}: not queued, since ${taken} has taken its key`),
  );
  await assertNoTrace(mailq, ["one", "two"]);
});

Deno.test("tx: one within another is a part of it", async () => {
  await using mailq = await makeTxMailq();
  await write(mailq, "outer", "inner", "failed");
  const script = (end: number) =>
    `mailq enqueue outer.eml; mailq tx -- mailq enqueue inner.eml
     mailq tx -- sh -c 'mailq enqueue failed.eml; exit 4'; echo $?; mailq status --plain; exit ${end}`;
  const dropped = await runTx(mailq, script(1));
  assert.match(dropped.stdout, /\n4\n0\/0\/0\n$/);
  await assertNoTrace(mailq);
  assert.equal((await runTx(mailq, script(0))).code, 0);
  await assertNoTrace(mailq, ["outer", "inner"]);
});

Deno.test("tx: while it is open others queue and send, and the service waits for its end", async () => {
  await using server = new SmtpServer();
  await using mailq = await makeTxMailq({ MAILQ_TRANSPORT: server.url, MAILQ_INTERVAL: "1h" });
  await write(mailq, "one", "other");
  await using run = await Running.service(mailq);
  const script = "mailq enqueue one.eml; echo ready >&2; read -r _";
  const words = ["tx", "--", "sh", "-c", script];
  await using tx = await Running.start(mailq, words, { stdin: "" });
  await tx.said(/ready/);
  await mailq.ok(["enqueue", "other.eml"]);
  await run.meanwhile(server.received(1));
  await mailq.ok(["send"]);
  assert.deepEqual(await mailq.statuses(), { other: "sent" });
  assert.match(
    await mailq.ok(["status"]),
    new RegExp(`^worker +tx, process ${tx.child.pid} `, "m"),
  );
  const stdin = tx.child.stdin.getWriter();
  await stdin.write(new TextEncoder().encode("\n"));
  await stdin.close();
  await tx.ended();
  await run.meanwhile(server.received(2));
  await run.stop();
});

Deno.test("tx: a commit that fails is told, and nothing is queued", async () => {
  await using mailq = await makeTxMailq();
  await write(mailq, "one");
  const script = "mailq enqueue one.eml; echo ready >&2; read -r _; true";
  await using tx = await Running.start(mailq, ["tx", "--", "sh", "-c", script], { stdin: "" });
  await tx.said(/ready/);
  alterQueue(mailq, "UPDATE meta SET value = '99' WHERE key = 'compatible_from'");
  alterQueue(mailq, "PRAGMA user_version = 99");
  await tx.child.stdin.close();
  assert.deepEqual(await statusOf(tx), { code: 78, signal: null });
  await tx.said(/a newer mailq made it .*; nothing that the command queued was kept/);
});
