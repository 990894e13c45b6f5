import assert from "node:assert/strict";
import { Mailq } from "../../support/mailq.ts";
import { type Answer, type ReceivedMessage, SmtpServer } from "../../support/smtp_server.ts";
import { newest, sendmail } from "../support/sendmail_calls.ts";
import { runInShell } from "../support/shell.ts";

// What users of other queues reported: relays that refuse long lines and bare names, and aliases
// that were not looked at.

const decoder = new TextDecoder("latin1");

/** Refuses what strict relays refuse, as Exim and Postfix put it. */
function strict({ data }: ReceivedMessage): Answer {
  const text = decoder.decode(data);
  if (text.split("\r\n").some((line) => line.length > 998)) return "500 5.5.2 Line too long";
  const [header = ""] = text.split("\r\n\r\n", 1);
  for (const field of header.match(/^(?:From|To|Cc|Sender|Reply-To):.*/gim) ?? []) {
    if (!field.includes("@")) return "550 5.1.7 unqualified address not permitted";
  }
  return null;
}

async function sent(mailq: Mailq, server: SmtpServer): Promise<string> {
  await mailq.ok(["send"]);
  assert.equal(server.messages.length, 1, await mailq.ok(["list"]));
  return decoder.decode(server.messages[0]?.data);
}

Deno.test("cron mail: a line of 5,000 bytes passes a relay that refuses lines over 1,000", async () => {
  await using server = new SmtpServer({ onContent: strict });
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const { code, stderr } = await runInShell(
    mailq,
    "(echo Subject: x; echo; head -c 5000 /dev/zero | tr '\\0' a) | mailq sendmail root",
  );
  assert.deepEqual([code, stderr], [0, ""]);
  const text = await sent(mailq, server);
  assert.match(text, /^Content-Transfer-Encoding: quoted-printable\r$/m);
  assert.match(text, /^Content-Type: text\/plain; charset=us-ascii\r$/m);
  const body = text.slice(text.indexOf("\r\n\r\n") + 4);
  assert.equal(body.replaceAll("=\r\n", ""), `${"a".repeat(5_000)}\r\n`);
  const shown = await newest(mailq);
  assert.deepEqual(shown.changes, ["encoded 1 long line"]);
  assert.match(await mailq.ok(["show", shown.id]), /^changes {5}encoded 1 long line$/m);
});

Deno.test("cron mail: bare names pass a relay that wants full addresses", async () => {
  await using server = new SmtpServer({ onContent: strict });
  await using mailq = await Mailq.make({
    MAILQ_TRANSPORT: server.url,
    MAILQ_ADMIN_ADDRESS: "ops@example.net",
  });
  const stdin = "From: root (Cron Daemon)\nTo: root\nSubject: x\n\nhi\n";
  await sendmail(mailq, ["-FCronDaemon", "-i", "-B8BITMIME", "-oem", "root"], { stdin });
  const text = await sent(mailq, server);
  assert.match(text, /^From: root@host\.test \(Cron Daemon\)\r\nTo: root@host\.test\r$/m);
  assert.deepEqual(server.messages[0]?.to, ["ops@example.net"]);
  const shown = await newest(mailq);
  assert.deepEqual(shown.changes, ["qualified From and To"]);
  assert.equal(shown.from, "root@host.test (Cron Daemon)");
  await mailq.ok(["enqueue", "--to", "a@b.test"], { stdin });
  assert.match((await newest(mailq)).text, /^From: root \(Cron Daemon\)\r$/m, "not by enqueue");
});

Deno.test("cron mail: what DKIM has signed goes byte for byte", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({
    MAILQ_TRANSPORT: server.url,
    MAILQ_HEADER_FROM: "force",
    MAILQ_FORCE_FROM: "ops@example.net",
  });
  const text = "DKIM-Signature: v=1; a=rsa-sha256; d=x.test; s=s; h=from:to; bh=x; b=y\r\n" +
    "From: root (Cron Daemon)\r\nTo: root\r\nMessage-ID: <1@x.test>\r\nDate: now\r\n\r\n" +
    `${"a".repeat(5_000)}\r\n`;
  await sendmail(mailq, ["-i", "a@b.test"], { stdin: text });
  assert.equal(await sent(mailq, server), text);
  assert.deepEqual((await newest(mailq)).changes, []);
});

Deno.test("cron mail: -bs mends its header too", async () => {
  await using mailq = await Mailq.make();
  const stdin = "HELO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<root>\r\nDATA\r\n" +
    "From: root\r\n\r\nhi\r\n.\r\nQUIT\r\n";
  assert.equal((await mailq.run(["sendmail", "-bs"], { stdin })).code, 0);
  assert.match((await newest(mailq)).text, /^From: root@host\.test\r$/m);
});

Deno.test("cron mail: local names go where the aliases lead, by every way in", async () => {
  await using mailq = await Mailq.make({ MAILQ_ADMIN_ADDRESS: "admin@x.test" });
  const aliases = `${mailq.folder}/aliases`;
  await Deno.writeTextFile(
    aliases,
    'root: adm\nadm: ops@x.test,\n  "quoted name"@y.test\n"odd name": odd@x.test\n',
  );
  mailq.env.MAILQ_ALIASES = aliases;
  const host = Deno.hostname();
  const both = ["ops@x.test", '"quoted name"@y.test'];
  for (
    const [to, expected] of [
      ["root", both],
      ["root@localhost", both],
      [`root@${host}`, both],
      ["adm@localhost.localdomain, root", both],
      ['"odd name"@localhost', ["odd@x.test"]],
      ["www-data", ["admin@x.test"]],
    ] as const
  ) {
    await sendmail(mailq, ["-i", to], { stdin: "Subject: x\n\nhi\n" });
    assert.deepEqual((await newest(mailq)).to, expected, to);
    await mailq.ok(["enqueue"], { stdin: `From: a@b.test\nTo: ${to}\n\nhi\n` });
    const { to: queued, text } = await newest(mailq);
    assert.deepEqual(queued, expected, to);
    assert.ok(text.includes(`To: ${to}\r\n`), "the header stays by enqueue");
  }
  const { id } = await newest(mailq);
  await mailq.ok(["resend", id, "--to", "root"]);
  assert.deepEqual((await newest(mailq)).to, both, "also of mail that is sent to another");
});

Deno.test("cron mail: aliases that cannot be read or followed lose no mail", async () => {
  await using mailq = await Mailq.make({ MAILQ_ADMIN_ADDRESS: "admin@x.test" });
  const aliases = `${mailq.folder}/aliases`;
  mailq.env.MAILQ_ALIASES = aliases;
  const stdin = "Subject: x\n\nhi\n";
  const missing = await mailq.run(["sendmail", "root"], { stdin });
  assert.equal(missing.code, 0);
  assert.match(missing.stderr, /^mailq: warning: -: Cannot read the aliases ".*": /);
  assert.deepEqual((await newest(mailq)).to, ["admin@x.test"]);
  await Deno.writeTextFile(aliases, "root: |/usr/bin/procmail\na: b\nb: a\n");
  const command = await mailq.run(["sendmail", "root"], { stdin });
  assert.equal(command.code, 0);
  assert.match(command.stderr, /aliases:1: root: "\|\/usr\/bin\/procmail" is not used: mailq runs/);
  assert.deepEqual((await newest(mailq)).to, ["admin@x.test"]);
  const loop = await mailq.run(["sendmail", "a"], { stdin });
  assert.equal(loop.code, 0);
  assert.match(loop.stderr, /aliases:3: a → b → a goes round in a loop/);
  assert.deepEqual((await newest(mailq)).to, ["admin@x.test"]);
});
