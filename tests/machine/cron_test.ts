import assert from "node:assert/strict";
import { mail, Mailq, PROGRAM } from "../support/mailq.ts";
import { SmtpServer } from "../support/smtp_server.ts";
import { Cron } from "./cron.ts";

/** The crontab's words for a command of the program, on a queue of its own. */
function job(mailq: Mailq, words: string): string {
  const env = Object.entries(mailq.env).filter(([name]) => /^(MAILQ_|DENO_DIR|TZ)/.test(name));
  return [...env.map(([name, value]) => `${name}='${value}'`), ...PROGRAM, words].join(" ");
}

Deno.test("cron: mails what a job prints, and nothing that mailq's own jobs say", async () => {
  await using server = new SmtpServer();
  // Relays by name: the one is there, the other's name nobody knows.
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: `smtp://relay.test:${server.port}` });
  await using down = await Mailq.make({ MAILQ_TRANSPORT: "smtp://no-such-relay.test:25" });
  await mailq.ok(["--version"]); // makes the settings file
  const waiting = await down.enqueue(mail());
  const isBinary = PROGRAM.length === 1;
  await using cron = await Cron.start({
    folder: mailq.folder,
    crontab: `MAILTO=ops@receiver.test
@reboot root echo the backup is done
* * * * * root ${job(mailq, "send")}
* * * * * root ${job(mailq, "retry --due")}
* * * * * root ${job(mailq, "purge --older-than 90d")}
* * * * * root ${job(down, "send")}
* * * * * root ${job(down, "run --once")}
`,
    hosts: "127.0.0.1 localhost relay.test\n",
    sendmail: isBinary ? PROGRAM : [...PROGRAM, "sendmail"],
    env: mailq.env,
  });
  await cron.meanwhile(server.received(1));
  await cron.jobsDone();
  const messages = await mailq.json(["list"]);
  for (const { id, subject } of messages.slice(1)) {
    assert.fail(`cron mailed "${subject}" too: ${await mailq.ok(["show", id, "--text"])}`);
  }
  const [message] = messages;
  assert.match(message.subject, /^Cron <root@[^>]+> echo the backup is done$/);
  assert.equal(message.status, "sent");
  assert.deepEqual(server.messages.map(({ to }) => to), [["ops@receiver.test"]]);
  assert.match(
    new TextDecoder().decode(server.messages[0]?.data),
    /\r\n\r\nthe backup is done\r\n$/,
  );
  const [left] = await down.json(["show", waiting]);
  assert.equal(left.status, "deferred");
  assert.match(left.attempts[0].error, /no-such-relay\.test:25: its name is not known/);
});
