import assert from "node:assert/strict";
import { assertBytes, latin1, MailMachine } from "./mail_programs.ts";

const BODY = "Grüße\n\nFrom here on:\n.\n..\nafter the dot\n" + "long ".repeat(60) + "\n";

/** What every program is asked to send. */
async function assertSent(
  machine: MailMachine,
  message: { readonly from: string; readonly to: readonly string[]; readonly data: Uint8Array },
  from: string,
) {
  assert.equal(message.from, from);
  assert.deepEqual([...message.to].sort(), ["bob@b.test", "carol@c.test", "hidden@h.test"]);
  const text = latin1(message.data);
  assert.match(text, /^Subject: Dots\r$/m);
  assert.doesNotMatch(text, /hidden@h\.test|^bcc:/im, "Bcc is nobody's business");
  await assertBytes(machine, message as Parameters<typeof assertBytes>[1]);
}

Deno.test("programs: s-nail", async () => {
  await using machine = await MailMachine.make();
  const { call, message } = await machine.send("/usr/bin/s-nail", [
    "-:/",
    ...["-S", `mta=${machine.sendmail}`, "-S", "sendwait", "-S", "sendcharsets=utf-8"],
    ...["-r", "ann@a.test", "-s", "Dots", "-c", "carol@c.test", "-b", "hidden@h.test"],
    "bob@b.test",
  ], BODY);
  assert.equal(call, "-i -f ann@a.test -- bob@b.test carol@c.test hidden@h.test");
  await assertSent(machine, message, "ann@a.test");
});

Deno.test("programs: bsd-mailx", async () => {
  await using machine = await MailMachine.make();
  machine.mailq.env.MAILRC = await machine.file(
    "mailrc",
    `set sendmail=${machine.sendmail}\nset sendwait\n`,
  );
  const { call, message } = await machine.send("/usr/bin/bsd-mailx", [
    ...["-s", "Dots", "-c", "carol@c.test", "-b", "hidden@h.test", "bob@b.test"],
  ], BODY);
  assert.equal(call, "-i -t");
  assert.match(await Deno.readTextFile(`${machine.mailq.folder}/given`), /^Bcc: hidden/m);
  await assertSent(machine, message, "tester@host.test");
});

Deno.test("programs: mutt, with notifications", async () => {
  await using machine = await MailMachine.make();
  const rc = await machine.file(
    "muttrc",
    `set sendmail="${machine.sendmail} -oem -oi"
set from="ann@a.test" use_envelope_from=yes envelope_from_address="env@a.test"
set dsn_notify="failure,delay" dsn_return=hdrs sendmail_wait=0 copy=no use_8bitmime=yes
set send_charset="utf-8" hostname="a.test" bounce_delivered=no write_bcc=yes
`,
  );
  const { call, message } = await machine.send("/usr/bin/mutt", [
    ...["-F", rc, "-s", "Dots", "-c", "carol@c.test", "-b", "hidden@h.test", "--", "bob@b.test"],
  ], BODY);
  assert.match(
    call,
    /^-oem -oi -B8BITMIME -f env@a\.test -N failure,delay -R hdrs -- bob@b\.test/,
  );
  await assertSent(machine, message, "env@a.test");
});

const PATCH = `From 1234567890123456789012345678901234567890 Mon Sep 17 00:00:00 2001
From: Ann <ann@a.test>
Date: Sat, 21 Nov 2026 10:00:00 +0000
Subject: Dots

${BODY}---
 a | 1 +
 1 file changed, 1 insertion(+)

diff --git a/a b/a
--- a/a
+++ b/a
@@ -0,0 +1 @@
+x
--
2.39.5
`;

for (const how of ["--sendmail-cmd", "--smtp-server"]) {
  Deno.test(`programs: git send-email ${how}`, async () => {
    await using machine = await MailMachine.make();
    const patch = await machine.file("0001.patch", PATCH);
    await machine.file(".gitconfig", "[user]\n\tname = Ann\n\temail = ann@a.test\n");
    const { call, message } = await machine.send("/usr/bin/git", [
      ...["send-email", `${how}=${machine.sendmail}`, "--confirm=never", "--suppress-cc=all"],
      ...["--from=Ann <ann@a.test>", "--envelope-sender=env@a.test", "--to=bob@b.test"],
      ...["--cc=carol@c.test", "--bcc=hidden@h.test", "--8bit-encoding=UTF-8"],
      ...["--transfer-encoding=8bit", "--no-validate", patch],
    ]);
    assert.match(call, /^-f env@a\.test -i bob@b\.test carol@c\.test hidden@h\.test$/);
    await assertSent(machine, message, "env@a.test");
    assert.match(latin1(message.data), /\r\n\.\r\n\.\.\r\nafter the dot\r\n/);
  });
}

const PHP = "/usr/bin/php";

Deno.test("programs: PHP's mail()", async () => {
  await using machine = await MailMachine.make();
  const script = await machine.file(
    "mail.php",
    `<?php exit(mail("bob@b.test", "Dots", file_get_contents("php://stdin"),
  ["From" => "ann@a.test", "Cc" => "carol@c.test", "Bcc" => "hidden@h.test"],
  "-fenv@a.test") ? 0 : 1);`,
  );
  const flags = ["-d", `sendmail_path=${machine.sendmail} -t -i`, script];
  const { call, message } = await machine.send(PHP, flags, BODY);
  assert.equal(call, "-t -i -fenv@a.test");
  const given = await Deno.readTextFile(`${machine.mailq.folder}/given`);
  assert.match(given, /^To: bob@b\.test\r?\n/);
  assert.match(given, /[^\r]\nafter the dot/, "its text has bare line ends");
  await assertSent(machine, message, "env@a.test");
});

Deno.test("programs: PHPMailer", async () => {
  await using machine = await MailMachine.make();
  const script = await machine.file(
    "mailer.php",
    `<?php
foreach (["Exception", "PHPMailer"] as $part) require "/usr/share/php/libphp-phpmailer/src/$part.php";
$mail = new PHPMailer\\PHPMailer\\PHPMailer(true);
$mail->isSendmail();
$mail->Sendmail = ${JSON.stringify(machine.sendmail)};
$mail->setFrom("ann@a.test");
$mail->Sender = "env@a.test";
$mail->addAddress("bob@b.test");
$mail->addCC("carol@c.test");
$mail->addBCC("hidden@h.test");
$mail->CharSet = "utf-8";
$mail->Subject = "Dots";
$mail->Body = file_get_contents("php://stdin");
$mail->send();`,
  );
  const { call, message } = await machine.send(PHP, [script], BODY);
  assert.match(call, /^-oi -fenv@a\.test -t$/);
  await assertSent(machine, message, "env@a.test");
});

for (const flags of ["-bs", "-t -i"]) {
  Deno.test(`programs: Symfony's mailer, sendmail ${flags}`, async () => {
    await using machine = await MailMachine.make();
    const script = await machine.file(
      "symfony.php",
      `<?php
require "/usr/share/php/Symfony/Component/Mailer/autoload.php";
$transport = new Symfony\\Component\\Mailer\\Transport\\SendmailTransport(
  ${JSON.stringify(`${machine.sendmail} ${flags}`)});
$email = (new Symfony\\Component\\Mime\\Email())->from("ann@a.test")->to("bob@b.test")
  ->cc("carol@c.test")->bcc("hidden@h.test")->subject("Dots")
  ->text(file_get_contents("php://stdin"));
(new Symfony\\Component\\Mailer\\Mailer($transport))->send($email);`,
    );
    const { message } = await machine.send(PHP, [script], BODY);
    assert.equal(message.from, "ann@a.test");
    assert.deepEqual(message.to, ["bob@b.test", "carol@c.test", "hidden@h.test"]);
    const text = latin1(message.data);
    assert.match(text, /^Subject: Dots\r$/m);
    assert.doesNotMatch(text, /hidden@h\.test/);
    assert.match(text, /\r\nFrom here on:\r\n\.\r\n\.\.\r\nafter the dot\r\n/);
  });
}

const PYTHON = "/usr/bin/python3";
const MESSAGE = `
from email.message import EmailMessage
from email.policy import SMTP
import sys
message = EmailMessage()
message["Subject"], message["From"], message["To"] = "Dots", "ann@a.test", "bob@b.test"
message["Cc"] = "carol@c.test"
message.set_content(sys.stdin.buffer.read().decode(), cte="8bit")
`;

Deno.test("programs: Python's subprocess, with -t -oi", async () => {
  await using machine = await MailMachine.make();
  const script = await machine.file(
    "pipe.py",
    `${MESSAGE}
import subprocess
message["Bcc"] = "hidden@h.test"
subprocess.run(["${machine.sendmail}", "-t", "-oi"], input=message.as_bytes(), check=True)
`,
  );
  const { message } = await machine.send(PYTHON, [script], BODY);
  await assertSent(machine, message, "tester@host.test");
});

Deno.test("programs: Python's smtplib, over sendmail -bs", async () => {
  await using machine = await MailMachine.make();
  const script = await machine.file(
    "smtp.py",
    `${MESSAGE}
import smtplib, socket, subprocess
class Local(smtplib.SMTP):
    def _get_socket(self, host, port, timeout):
        ours, theirs = socket.socketpair()
        self.process = subprocess.Popen(["${machine.sendmail}", "-bs"], stdin=theirs, stdout=theirs)
        theirs.close()
        return ours
with Local("localhost") as server:
    refused = server.send_message(message, "env@a.test",
        ["bob@b.test", "carol@c.test", "hidden@h.test", "bad@@x"],
        mail_options=["BODY=8BITMIME", "RET=HDRS"], rcpt_options=["NOTIFY=FAILURE"])
assert list(refused) == ["bad@@x"], refused
assert server.process.wait() == 0
`,
  );
  const { message } = await machine.send(PYTHON, [script], BODY);
  assert.equal(message.from, "env@a.test");
  assert.deepEqual(message.to, ["bob@b.test", "carol@c.test", "hidden@h.test"]);
  assert.match(latin1(message.data), /\r\n>From here on:\r\n\.\r\n\.\.\r\nafter the dot\r\n/);
});

Deno.test("programs: Django, through a backend that calls sendmail with recipients only", async () => {
  await using machine = await MailMachine.make();
  await machine.file(
    "backend.py",
    `from subprocess import PIPE, Popen
from django.core.mail.backends.base import BaseEmailBackend
class EmailBackend(BaseEmailBackend):
    def send_messages(self, messages):
        for one in messages:
            process = Popen(["${machine.sendmail}"] + one.recipients(), stdin=PIPE)
            process.communicate(one.message().as_bytes())
            assert process.returncode == 0
        return len(messages)
`,
  );
  const script = await machine.file(
    "django_mail.py",
    `import sys
from django.conf import settings
settings.configure(EMAIL_BACKEND="backend.EmailBackend", DEFAULT_CHARSET="utf-8")
from django.core.mail import EmailMessage
sent = EmailMessage("Dots", sys.stdin.buffer.read().decode(), "ann@a.test", ["bob@b.test"],
    cc=["carol@c.test"], bcc=["hidden@h.test"]).send()
assert sent == 1
`,
  );
  const body = BODY.replace("\n.\n", "\n");
  const { call, message } = await machine.send(PYTHON, [script], body);
  assert.equal(call, "bob@b.test carol@c.test hidden@h.test");
  await assertSent(machine, message, "tester@host.test");
});
