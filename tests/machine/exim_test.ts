import assert from "node:assert/strict";
import { mail, Mailq } from "../support/mailq.ts";
import { DebianMailServer } from "./debian_mail_server.ts";
import { recipientsOf } from "./postfix_queue.ts";

const MAILDIR = "/var/mail/all";
const SETTINGS = (port: number) =>
  `primary_hostname = mx.receiver.test
daemon_smtp_ports = ${port}
local_interfaces = 127.0.0.1
host_lookup =
recipients_max = 10
recipients_max_reject = true
received_header_text =
acl_smtp_rcpt = accept
acl_smtp_data = lines
begin acl
lines:
  deny condition = \${if > {$max_received_linelength}{998}}
       message = maximum allowed line length is 998 octets, got $max_received_linelength
  accept
begin routers
all:
  driver = accept
  transport = box
begin transports
box:
  driver = appendfile
  directory = ${MAILDIR}
  maildir_format
  batch_max = 100
  user = mail
  group = mail
`;

/** One Exim serves all tests of this file; null where there can be none. */
let exim: DebianMailServer | null;
Deno.test.beforeAll(async () => {
  exim = await DebianMailServer.start({
    package: "exim4-daemon-light",
    command: ["/usr/sbin/exim4", "-bdf", "-q1h"],
    settings: { path: "/etc/exim4/exim4.conf", text: SETTINGS },
    setup: `install -d -o mail -g mail ${MAILDIR} ${MAILDIR}/new ${MAILDIR}/cur ${MAILDIR}/tmp`,
  });
});
Deno.test.afterAll(async () => await exim?.[Symbol.asyncDispose]());

/** A test on a queue that relays to Exim; `sends` sends a mail and resolves to it as it was delivered,
 *  one character a byte. */
function eximTest(
  behaviour: string,
  fn: (mailq: Mailq, sent: () => Promise<string>) => Promise<void>,
): void {
  Deno.test(`Exim: ${behaviour}`, async () => {
    if (exim === null) return;
    const server = exim;
    await using mailq = await Mailq.make({
      MAILQ_TRANSPORT: server.url,
      MAILQ_HOSTNAME: "web1.example.org",
      MAILQ_ADMIN_ADDRESS: "ops@receiver.test",
      MAILQ_RETRY_MAX: "0",
    });
    await server.root.sh(`rm -f ${MAILDIR}/new/*`);
    await fn(mailq, async () => (await server.mailbox(MAILDIR, 1))[0] ?? "");
  });
}

eximTest("a mail to more recipients than it takes goes in several transactions", async (mailq) => {
  const to = Array.from({ length: 25 }, (_, n) => `user${n}@receiver.test`);
  const id = await mailq.enqueue(mail({ to: to.join(", ") }));
  await mailq.ok(["send", "--strict"]);
  const states = (await recipientsOf(mailq, id)).map((one) => one.split(" ")[1]);
  assert.deepEqual(states, to.map(() => "sent"));
  assert.equal((await exim?.mailbox(MAILDIR, 3))?.length, 3);
});

eximTest("cron's mail with a line of 5,000 bytes gets through", async (mailq, sent) => {
  const text = `Subject: x\n\n${"a".repeat(5000)}`;
  await mailq.ok(["sendmail", "root"], { stdin: text });
  await mailq.ok(["send", "--strict"]);
  const got = await sent();
  assert.match(got, /^Content-Transfer-Encoding: quoted-printable$/m);
  const body = got.slice(got.indexOf("\n\n") + 2);
  assert.equal(body.replaceAll("=\n", "").trimEnd(), "a".repeat(5000));
});

eximTest("a sender without a domain gets through, with one", async (mailq, sent) => {
  await mailq.ok(["sendmail", "-t", "-i"], {
    stdin: "From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@web1> true\n\nhello\n",
  });
  await mailq.ok(["send", "--strict"]);
  assert.match(await sent(), /^From: \S*root@web1\.example\.org\S* \(Cron Daemon\)$/m);
});

const SIGNED = [
  "DKIM-Signature: v=1; a=rsa-sha256; d=sender.test; s=k; h=from:to:subject; bh=YWJj; b=ZGVm",
  "Message-ID: <signed@sender.test>",
  "Date: Mon, 30 Nov 2026 06:00:00 +0000",
  "From: root (Cron Daemon)",
  "To: root",
  "Subject: as it is",
];

eximTest("a signed mail goes byte for byte, bare names and all", async (mailq, sent) => {
  const text = [...SIGNED, "", "Gr\xfc\xdfe \xa4  ", " .", ".", "end ", ""].join("\r\n");
  const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
  await mailq.ok(["sendmail", "-i", "root"], { stdin: bytes });
  await mailq.ok(["send", "--strict"]);
  assert.equal(await sent(), text.replaceAll("\r\n", "\n"));
});

eximTest(
  "a signed mail with a long line is not touched, and its refusal is told",
  async (mailq) => {
    const text = [...SIGNED, "", "a".repeat(5000), ""].join("\r\n");
    await mailq.ok(["sendmail", "-i", "root"], { stdin: text });
    await mailq.run(["send"]);
    // The report of it, to the sender, is queued beside it.
    const [failed, ...more] = await mailq.json(["list", "--status", "failed"]);
    assert.deepEqual(more, []);
    assert.match(failed?.last_reply ?? "", /line length is 998 octets, got 5000/);
  },
);
