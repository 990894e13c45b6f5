import assert from "node:assert/strict";
import { mail, Mailq, PROGRAM } from "../../support/mailq.ts";

/** The program's call, for a shell. */
const MAILQ = PROGRAM.map((word) => `'${word}'`).join(" ");

Deno.test("send: a program's reply and status are recorded", async () => {
  await using mailq = await Mailq.make({
    MAILQ_TRANSPORT: 'exec:cat >/dev/null; echo "over quota <$MAILQ_RECIPIENTS>" >&2; exit 75',
  });
  const id = await mailq.enqueue(mail());
  await mailq.ok(["send"]);
  const [message] = await mailq.json(["show", id]);
  assert.equal(message.status, "deferred");
  assert.equal(message.last_reply, "4.3.0 over quota <bob@receiver.test>");
  assert.equal(message.attempts[0].enhanced, "4.3.0");
  assert.match(message.attempts[0].transcript, /exit status 75 \(temporary failure\)/);
});

Deno.test("send: into a Maildir the message is whole", async () => {
  await using mailq = await Mailq.make();
  const id = await mailq.enqueue(mail({ body: "line\r\n.\r\n" }));
  await mailq.ok(["send"], { env: { MAILQ_TRANSPORT: `maildir:${mailq.folder}/box` } });
  const [entry] = [...Deno.readDirSync(`${mailq.folder}/box/new`)];
  const text = await Deno.readTextFile(`${mailq.folder}/box/new/${entry?.name}`);
  const raw = await mailq.ok(["show", id, "--raw"]);
  assert.equal(
    text,
    "Return-Path: <ann@sender.test>\nDelivered-To: bob@receiver.test\n" +
      raw.replaceAll("\r\n", "\n"),
  );
});

Deno.test("send: mailq itself as the sendmail program is refused", async () => {
  await using mailq = await Mailq.make();
  await mailq.enqueue(mail());
  await Deno.symlink(PROGRAM[0] ?? "", `${mailq.folder}/sendmail`);
  const env = { MAILQ_TRANSPORT: `sendmail:${mailq.folder}/sendmail` };
  const { code, stderr } = await mailq.run(["send"], { env });
  assert.equal(code, 78);
  assert.match(stderr, /that is mailq itself/);
  assert.equal((await mailq.ok(["status", "--plain"])).split("/")[0], "1");
});

Deno.test("send: a command may put mail into another queue, and is told of no odd variable", async () => {
  await using mailq = await Mailq.make();
  const other = `${mailq.folder}/other.db`;
  const command = `${MAILQ} --queue '${other}' enqueue --to next@receiver.test ` +
    `2> '${mailq.folder}/stderr'`;
  await mailq.enqueue(mail({ subject: "On its way" }));
  await mailq.ok(["send"], { env: { MAILQ_TRANSPORT: `exec:${command}` } });
  assert.deepEqual(await mailq.statuses(), { "On its way": "sent" });
  assert.equal(await Deno.readTextFile(`${mailq.folder}/stderr`), "");
  const [message] = await mailq.json(["--queue", other, "list"]);
  assert.equal(message.subject, "On its way");
});

Deno.test("send: a command that sends by a command goes round in no circles", async () => {
  await using mailq = await Mailq.make();
  const command = `${MAILQ} --queue '${mailq.folder}/other.db' send`;
  const env = { MAILQ_TRANSPORT: `exec:${command}` };
  await mailq.ok(["--queue", `${mailq.folder}/other.db`, "enqueue"], { stdin: mail() });
  const id = await mailq.enqueue(mail());
  const [result] = await mailq.json(["send"], { env });
  assert.equal(result.stopped_by, "relay");
  const [message] = await mailq.json(["show", id]);
  assert.match(message.last_reply, /within the program of the relay "default"/);
});
