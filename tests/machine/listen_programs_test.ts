import assert from "node:assert/strict";
import nodemailer from "nodemailer/lib/nodemailer.js";
import { runChild } from "../support/child.ts";
import { ListeningService, LOGIN } from "./listening_service.ts";
import { require } from "./requirements.ts";

const MAIL =
  "From: ann@sender.test\r\nTo: bob@receiver.test\r\nSubject: SUBJECT\r\n\r\nHi\r\n.dot\r\n";

/** One program's way of sending a mail with `subject`. */
interface Program {
  readonly needs: string;
  readonly command: (at: ListeningService, subject: string) => readonly string[];
  /** Whether it reads the mail on stdin. */
  readonly reads?: boolean;
}

const { user, password } = LOGIN;
const python = (lines: string) => ["/usr/bin/python3", "-c", lines];

const PROGRAMS: Readonly<Record<string, Program>> = {
  "swaks in clear": {
    needs: "/usr/bin/swaks",
    command: (
      { port },
      subject,
    ) => [
      ..."swaks -f ann@sender.test -t bob@receiver.test".split(" "),
      "-s",
      `127.0.0.1:${port}`,
      "-h-Subject",
      subject,
    ],
  },
  "swaks by STARTTLS and AUTH PLAIN": {
    needs: "/usr/bin/swaks",
    command: (
      { port },
      subject,
    ) => [
      ..."swaks -f ann@sender.test -t bob@receiver.test -tls -a PLAIN".split(" "),
      "-au",
      user,
      "-ap",
      password,
      "-s",
      `127.0.0.1:${port}`,
      "-h-Subject",
      subject,
    ],
  },
  "swaks by TLS and AUTH LOGIN": {
    needs: "/usr/bin/swaks",
    command: (
      { tlsPort },
      subject,
    ) => [
      ..."swaks -f ann@sender.test -t bob@receiver.test -tlsc -a LOGIN".split(" "),
      "-au",
      user,
      "-ap",
      password,
      "-s",
      `127.0.0.1:${tlsPort}`,
      "-h-Subject",
      subject,
    ],
  },
  "swaks, pipelining, by a socket": {
    needs: "/usr/bin/swaks",
    command: (
      { socket },
      subject,
    ) => [
      ..."swaks -f ann@sender.test -t bob@receiver.test -pipeline".split(" "),
      "--socket",
      socket,
      "-h-Subject",
      subject,
    ],
  },
  "msmtp": {
    needs: "/usr/bin/msmtp",
    reads: true,
    command: (
      { port, authority },
    ) => [
      "msmtp",
      "--host=localhost",
      `--port=${port}`,
      "--tls=on",
      `--tls-trust-file=${authority}`,
      "--auth=plain",
      `--user=${user}`,
      `--passwordeval=printf '%s' '${password}'`,
      "-f",
      "ann@sender.test",
      "bob@receiver.test",
    ],
  },
  "curl": {
    needs: "/usr/bin/curl",
    reads: true,
    command: (
      { tlsPort, authority },
    ) => [
      "curl",
      "-sS",
      "--cacert",
      authority,
      "--user",
      `${user}:${password}`,
      "--mail-from",
      "ann@sender.test",
      "--mail-rcpt",
      "bob@receiver.test",
      "-T",
      "-",
      `smtps://localhost:${tlsPort}`,
    ],
  },
  "smtplib": {
    needs: "/usr/bin/python3",
    command: ({ port, authority }, subject) =>
      python(`
import smtplib, ssl
from email.message import EmailMessage
m = EmailMessage(); m["From"] = "ann@sender.test"; m["To"] = "bob@receiver.test"; m["Subject"] = "${subject}"
m.set_content("Hi\\n.dot\\n")
with smtplib.SMTP("localhost", ${port}) as s:
    s.starttls(context=ssl.create_default_context(cafile="${authority}"))
    s.login("${user}", "${password}")
    s.send_message(m)
`),
  },
  "sendemail": {
    needs: "/usr/bin/sendemail",
    command: (
      { port },
      subject,
    ) => [
      "sendemail",
      "-f",
      "ann@sender.test",
      "-t",
      "bob@receiver.test",
      "-u",
      subject,
      "-m",
      "Hi",
      "-s",
      `127.0.0.1:${port}`,
      "-o",
      "tls=no",
    ],
  },
  "s-nail": {
    needs: "/usr/bin/s-nail",
    command: ({ port }, subject) => [
      "sh",
      "-c",
      `printf 'Hi\\n' | s-nail -:/ -S v15-compat ` +
      `-S mta=smtp://127.0.0.1:${port} -S smtp-auth=none -S smtp-config=-all ` +
      `-r ann@sender.test -s '${subject}' bob@receiver.test`,
    ],
  },
  "smtp-source": {
    needs: "/usr/sbin/smtp-source",
    command: (
      { port },
      subject,
    ) => [
      "/usr/sbin/smtp-source",
      "-m",
      "1",
      "-f",
      "ann@sender.test",
      "-t",
      "bob@receiver.test",
      "-S",
      subject,
      `127.0.0.1:${port}`,
    ],
  },
};

Deno.test("listeners: programs that speak SMTP get their mail in", async (t) => {
  require(...new Set(Object.values(PROGRAMS).map(({ needs }) => needs)));
  await using service = await ListeningService.start();
  const names = Object.keys(PROGRAMS);
  for (const [name, { command, reads }] of Object.entries(PROGRAMS)) {
    await t.step(name, async () => {
      const env = { HOME: service.mailq.folder, PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin" };
      const stdin = reads ? MAIL.replace("SUBJECT", name) : "";
      const { code, stdout, stderr } = await runChild(command(service, name), {
        stdin,
        env,
        cwd: "/",
      });
      assert.equal(code, 0, `${stdout}\n${stderr}`);
    });
  }
  await t.step("nodemailer", async () => {
    const transport = nodemailer.createTransport({
      host: "localhost",
      port: Number(service.port),
      requireTLS: true,
      auth: { user, pass: password },
      tls: { ca: await Deno.readTextFile(service.authority) },
    });
    const { accepted } = await transport.sendMail({
      from: "ann@sender.test",
      to: ["bob@receiver.test", "cat@receiver.test"],
      subject: "nodemailer",
      text: "Hi\n.dot\n",
    });
    assert.equal(accepted.length, 2);
  });
  const taken = await service.taken();
  for (const name of [...names, "nodemailer"]) {
    assert.ok(taken.some((line) => line.startsWith(name)), `${name} in ${taken.join("; ")}`);
  }
});

Deno.test("listeners: monit, which speaks only SMTP, can alert; check_smtp finds all in order", async () => {
  require("/usr/bin/monit", "/usr/lib/nagios/plugins/check_smtp");
  await using service = await ListeningService.start();
  const { folder } = service.mailq;
  const check = ["/usr/lib/nagios/plugins/check_smtp", "-H", "127.0.0.1", "-p", service.port, "-S"];
  const { code, stdout } = await runChild([
    ...check,
    "-f",
    "ann@sender.test",
    "-C",
    "RCPT TO:<b@x.test>",
    "-R",
    "250",
  ]);
  assert.equal(code, 0, stdout);
  const settings = `${folder}/monitrc`;
  await Deno.writeTextFile(
    settings,
    `set daemon 60
set pidfile ${folder}/monit.pid
set idfile ${folder}/monit.id
set statefile ${folder}/monit.state
set logfile ${folder}/monit.log
set mailserver 127.0.0.1 port ${service.port}
set mail-format { from: monit@sender.test  subject: monit alert }
set alert bob@receiver.test
check file gone with path ${folder}/gone
  if does not exist then alert
`,
  );
  await Deno.chmod(settings, 0o600);
  const taken = service.running.said(/taken in by smtp from 127\.0\.0\.1/);
  const monit = new Deno.Command("/usr/bin/monit", {
    args: ["-I", "-c", settings],
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    await taken;
  } finally {
    monit.kill("SIGTERM");
    await monit.status;
  }
  assert.match((await service.taken()).join("\n"), /monit alert.*<monit@sender\.test> 1/);
});

Deno.test("listen.users: what htpasswd and mkpasswd make is known", async () => {
  require("/usr/bin/htpasswd", "/usr/bin/mkpasswd");
  await using service = await ListeningService.start();
  const users = `${service.mailq.folder}/users`;
  const ht = await runChild(["htpasswd", "-nbB", "ht", password]);
  const mk = await runChild(["mkpasswd", "-m", "sha512crypt", password]);
  await Deno.writeTextFile(users, `${ht.stdout.trim()}\nmk:${mk.stdout.trim()}\n`);
  for (const name of ["ht", "mk"]) {
    const { code, stdout } = await runChild([
      ..."swaks -f ann@sender.test -t bob@receiver.test -tls -a PLAIN".split(" "),
      ...["-au", name, "-ap", password, "-s", `127.0.0.1:${service.port}`],
    ]);
    assert.equal(code, 0, stdout);
  }
});
