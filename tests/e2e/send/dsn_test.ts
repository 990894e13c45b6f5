import assert from "node:assert/strict";
import type { DsnRequest } from "../../../src/queue/dsn.ts";
import { Mailq } from "../../support/mailq.ts";
import { newMessage } from "../../support/queue_messages.ts";
import { converse, type Replies, scriptedServer } from "../../support/smtp_script.ts";
import { openQueue } from "../support/running.ts";

const TO = ["a@x.test", "b@x.test", "c@x.test", "d@x.test"];
const DSN: DsnRequest = {
  ret: "headers",
  envid: "order 4711",
  recipients: [
    { notify: ["success"], orcpt: null },
    null,
    { notify: ["never"], orcpt: null },
    { notify: ["failure", "delay"], orcpt: "rfc822;old+d@x.test" },
  ],
};

/** A queue with one message that asks for notices. */
async function asking(port: number): Promise<{ readonly mailq: Mailq; readonly id: string }> {
  const mailq = await Mailq.make({ MAILQ_TRANSPORT: `smtp://127.0.0.1:${port}` });
  const store = await openQueue(mailq);
  const message = newMessage({ createdAt: Date.now(), recipients: TO, dsn: DSN });
  await store.enqueue([message]);
  await store.close();
  return { mailq, id: message.id };
}

/** What the client said of the envelope on each connection. */
const envelopeOf = (text: string) => text.match(/^(MAIL|RCPT) .*(?=\r)/gm);

const DEFERS_D = (ehlo: string): Replies => ({
  ehlo,
  rcpt: (address) =>
    address.startsWith("b")
      ? "550 5.1.1 no"
      : address.startsWith("d")
      ? "450 4.2.0 later"
      : "250 ok",
});

Deno.test("DSN: what was asked reaches the relay with its recipient, on a retry too", async () => {
  const ehlo = "250-x\r\n250-DSN\r\n250 PIPELINING";
  await using server = await scriptedServer((peer) =>
    converse(peer, peer.n === 0 ? DEFERS_D(ehlo) : { ehlo })
  );
  const { mailq, id } = await asking(server.port);
  await using _queue = mailq;
  await mailq.ok(["send"]);
  await mailq.ok(["retry"]);
  await mailq.ok(["send"]);
  const mailFrom = "MAIL FROM:<app@sender.example> RET=HDRS ENVID=order+204711";
  assert.deepEqual(server.peers.map((peer) => envelopeOf(peer.receivedText)), [
    [
      mailFrom,
      "RCPT TO:<a@x.test> NOTIFY=SUCCESS",
      "RCPT TO:<b@x.test>",
      "RCPT TO:<c@x.test> NOTIFY=NEVER",
      "RCPT TO:<d@x.test> NOTIFY=FAILURE,DELAY ORCPT=rfc822;old+2Bd@x.test",
    ],
    [mailFrom, "RCPT TO:<d@x.test> NOTIFY=FAILURE,DELAY ORCPT=rfc822;old+2Bd@x.test"],
  ]);
  const [shown] = await mailq.json(["show", id]);
  assert.deepEqual(shown.dsn, { ret: "headers", envid: "order 4711" });
  assert.deepEqual(shown.recipients.map((one: { dsn: unknown }) => one.dsn), DSN.recipients);
  assert.match(
    await mailq.ok(["show", id]),
    /^notices +on success, never, failure, delay, with the header, for order 4711$/m,
  );
});

Deno.test("DSN: each group of recipients keeps its own where a route parts them", async () => {
  const ehlo = "250-x\r\n250-DSN\r\n250 PIPELINING";
  await using server = await scriptedServer((peer) => converse(peer, { ehlo }));
  const { mailq } = await asking(server.port);
  await using _queue = mailq;
  await Deno.writeTextFile(
    `${mailq.folder}/mailq.toml`,
    `[relay.other]\nurl = "smtp://127.0.0.1:${server.port}"\n` +
      `[[route]]\nrecipient = "c@*"\nrelays = ["other"]\n`,
  );
  await mailq.ok(["send"]);
  const envelopes = server.peers.map((peer) => envelopeOf(peer.receivedText)?.slice(1));
  assert.deepEqual(envelopes, [
    [
      "RCPT TO:<a@x.test> NOTIFY=SUCCESS",
      "RCPT TO:<b@x.test>",
      "RCPT TO:<d@x.test> NOTIFY=FAILURE,DELAY ORCPT=rfc822;old+2Bd@x.test",
    ],
    ["RCPT TO:<c@x.test> NOTIFY=NEVER"],
  ]);
});

Deno.test("DSN: a relay that does not know it gets the mail without", async () => {
  await using server = await scriptedServer((peer) => converse(peer));
  const { mailq } = await asking(server.port);
  await using _queue = mailq;
  await mailq.ok(["send", "--strict"]);
  const [said = ""] = server.peers.map((peer) => peer.receivedText);
  assert.match(said, /RCPT TO:<d@x\.test>\r\n/);
  assert.doesNotMatch(said, /RET=|ENVID=|NOTIFY=|ORCPT=/);
});
