import assert from "node:assert/strict";
import { mail, Mailq } from "../support/mailq.ts";
import { DebianMailServer } from "./debian_mail_server.ts";
import { recipientsOf } from "./postfix_queue.ts";

const MAILDIR = "/var/mail/all";
const SETTINGS = (port: number) =>
  `table users { "@receiver.test" = "games" }
listen on 127.0.0.1 port ${port}
action "in" maildir "${MAILDIR}" virtual <users>
match from any for domain "receiver.test" action "in"
`;

Deno.test("OpenSMTPD: 1,200 recipients, of which it takes 1,000 at a time, all get their mail", async () => {
  await using server = await DebianMailServer.start({
    package: "opensmtpd",
    command: ["/usr/sbin/smtpd", "-F"],
    settings: { path: "/etc/smtpd.conf", text: SETTINGS },
    setup: `install -d -o games -g games ${MAILDIR} ${MAILDIR}/new ${MAILDIR}/cur ${MAILDIR}/tmp`,
  });
  if (server === null) return;
  await using mailq = await Mailq.make({
    MAILQ_TRANSPORT: server.url,
    MAILQ_HOSTNAME: "web1.example.org",
    MAILQ_RETRY_MAX: "0",
  });
  const to = Array.from({ length: 1200 }, (_, n) => `user${n}@receiver.test`);
  const id = await mailq.enqueue(mail({ to: to.join(",\r\n ") }));
  await mailq.ok(["send", "--strict"]);
  const states = new Set((await recipientsOf(mailq, id)).map((one) => one.split(" ")[1]));
  assert.deepEqual([...states], ["sent"]);
  const texts = await server.mailbox(MAILDIR, 2);
  assert.equal(texts.filter((text) => /^Subject: /m.test(text)).length, texts.length);
});
