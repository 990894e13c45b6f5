import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";

const FOLDER = new URL("../../fixtures/bounced/", import.meta.url).pathname;

/** A queue with a message that was sent to somebody who is gone. */
async function sent(server: SmtpServer): Promise<{ readonly mailq: Mailq; readonly id: string }> {
  const mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url, MAILQ_BOUNCE_SUPPRESS_AFTER: "1" });
  const extra = "Message-ID: <postfix@app.example>\r\n";
  const id = await mailq.enqueue(mail({ to: "gone@postfix.example, ann@x.test", extra }));
  await mailq.ok(["send"]);
  return { mailq, id };
}

Deno.test("bounced: a returned mail is noted with its recipient, which show and events tell", async () => {
  await using server = new SmtpServer();
  const { mailq, id } = await sent(server);
  await using _queue = mailq;
  const said = await mailq.ok(["bounced", `${FOLDER}postfix.eml`, `${FOLDER}vacation.eml`]);
  assert.match(
    said,
    new RegExp(`^${id}  gone@postfix\\.example: 550 5\\.1\\.1 .*User unknown.*\\(suppressed`),
  );
  const [known] = await mailq.json(["bounced"], {
    stdin: await Deno.readFile(`${FOLDER}postfix.eml`),
  });
  assert.deepEqual([known.id, known.recipients[0].known], [id, true]);
  const [shown] = await mailq.json(["show", id]);
  const [gone, ann] = shown.recipients;
  assert.deepEqual([gone.status, gone.bounce.enhanced, gone.bounce.reporter, ann.bounce], [
    "sent",
    "5.1.1",
    "mx.postfix.example",
    null,
  ]);
  assert.match(await mailq.ok(["show", id]), /^gone@postfix\.example came back 0s ago from mx/m);
  const events = await mailq.json(["events", "--type", "recipient.bounced"]);
  assert.deepEqual(events.map(({ address, enhanced }) => [address, enhanced]), [
    ["gone@postfix.example", "5.1.1"],
  ]);
  assert.match(await mailq.ok(["suppress", "list"]), /^gone@postfix\.example /);
});

Deno.test("bounced: what speaks of no message is said so, and is no failure", async () => {
  await using server = new SmtpServer();
  const { mailq } = await sent(server);
  await using _queue = mailq;
  const ended = await mailq.run(["bounced", `${FOLDER}exim.eml`, `${FOLDER}vacation.eml`]);
  assert.deepEqual([ended.code, ended.stdout], [0, ""]);
  assert.match(ended.stderr, /exim\.eml: it speaks of no message in the queue/);
  assert.match(ended.stderr, /vacation\.eml: it is no mail that came back/);
  const missing = await mailq.run(["bounced", "nowhere.eml"]);
  assert.equal(missing.code, 66);
  assert.equal(server.messages.length, 1, "nothing is answered");
});

Deno.test("bounced: the new mail of a Maildir is read once, and kept", async () => {
  await using server = new SmtpServer();
  const { mailq, id } = await sent(server);
  await using _queue = mailq;
  const maildir = `${mailq.folder}/bounces`;
  for (const part of ["new", "cur", "tmp"]) {
    await Deno.mkdir(`${maildir}/${part}`, { recursive: true });
  }
  await Deno.copyFile(`${FOLDER}postfix.eml`, `${maildir}/new/1.host`);
  assert.match(await mailq.ok(["bounced", "--maildir", maildir]), new RegExp(`^${id}  gone@`));
  assert.deepEqual([...Deno.readDirSync(`${maildir}/new`)], []);
  assert.deepEqual([...Deno.readDirSync(`${maildir}/cur`)].map(({ name }) => name), ["1.host:2,S"]);
  assert.equal(await mailq.ok(["bounced", "--maildir", maildir]), "");
  assert.equal((await mailq.run(["bounced", "--maildir", maildir, "x"])).code, 64);
});
