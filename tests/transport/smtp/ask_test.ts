import assert from "node:assert/strict";
import { relayOn, SENDER } from "../../support/smtp_delivery.ts";
import { SmtpServer } from "../../support/smtp_server.ts";

async function ask(server: SmtpServer, recipient: string, onSaid?: (line: string) => void) {
  const relay = relayOn(server.port, {}, onSaid === undefined ? {} : { onSaid });
  assert.ok(relay.ask !== undefined);
  return await relay.ask({ sender: SENDER, recipient }, new AbortController().signal);
}

/** The commands of a conversation. */
function commandsOf(transcript: string): string[] {
  return [...transcript.matchAll(/^ *\d+ C: (.*)$/gm)].map(([, line = ""]) => line.trim());
}

Deno.test("ask: sender and recipient are asked for, taken back, and nothing is sent", async () => {
  await using server = new SmtpServer();
  const said: string[] = [];
  const report = await ask(server, "ann@receiver.test", (line) => said.push(line));
  assert.deepEqual([report.isAccepted, report.phase, report.tls], [true, "rcpt", null]);
  assert.equal(report.text, "250 2.1.5 Ok");
  assert.equal(report.host, `127.0.0.1:${server.port}`);
  assert.deepEqual(commandsOf(report.transcript), [
    "EHLO client.example",
    `MAIL FROM:<${SENDER}> SIZE=1000`,
    "RCPT TO:<ann@receiver.test>",
    "RSET",
    "QUIT",
  ]);
  assert.equal(said.map((line) => `${line}\n`).join(""), report.transcript, "told as it was said");
  assert.equal(server.messages.length, 0);
  assert.equal(server.connections, 1);
});

Deno.test("ask: what the relay refuses is told with its step", async () => {
  await using server = new SmtpServer({
    onMail: () => "553 5.7.1 Sender address rejected",
  });
  const report = await ask(server, "ann@receiver.test");
  assert.deepEqual([report.isAccepted, report.phase], [false, "mail"]);
  assert.equal(report.text, "MAIL FROM: 553 5.7.1 Sender address rejected");
  await using other = new SmtpServer();
  const refused = await ask(other, "refuse.ann@receiver.test");
  assert.deepEqual([refused.isAccepted, refused.phase], [false, "rcpt"]);
  assert.match(refused.text, /^RCPT TO: 550 5\.1\.1 No such user/);
  assert.equal(commandsOf(refused.transcript).at(-1), "QUIT");
});

Deno.test("ask: a relay that hangs up, refuses to greet or is not there is told", async () => {
  await using server = new SmtpServer();
  const hung = await ask(server, "hangup@receiver.test");
  assert.equal(hung.isAccepted, false);
  assert.match(hung.text, /^RCPT TO: the server closed the connection/);
  await using rude = new SmtpServer({ greeting: "554 5.7.1 Go away" });
  const greeted = await ask(rude, "ann@receiver.test");
  assert.deepEqual([greeted.isAccepted, greeted.phase], [false, "greeting"]);
  assert.match(greeted.text, /^Waiting for the greeting: 554 /);
  const gone = relayOn(1);
  const report = await gone.ask?.(
    { sender: SENDER, recipient: "a@b.test" },
    new AbortController().signal,
  );
  assert.deepEqual([report?.isAccepted, report?.phase], [false, "connect"]);
});
