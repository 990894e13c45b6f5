import assert from "node:assert/strict";
import type { DsnRequest } from "../../../src/queue/dsn.ts";
import type { Delivery, DeliveryReport } from "../../../src/queue/ports/transport.ts";
import { mailParameters, rcptParameters, xtext } from "../../../src/transport/smtp/mail/dsn.ts";
import type { SmtpRelayOptions } from "../../../src/transport/smtp/relay.ts";
import { deliveryOf, inPieces, relayOn, unhindered } from "../../support/smtp_delivery.ts";
import { converse, type Replies, scriptedServer } from "../../support/smtp_script.ts";

async function send(
  delivery: Delivery,
  replies: Replies,
  options: Partial<SmtpRelayOptions> = {},
): Promise<{ report: DeliveryReport; received: string }> {
  await using server = await scriptedServer((peer) => converse(peer, replies));
  const transport = relayOn(server.port, {}, options).open();
  const report = await transport.deliver(delivery, unhindered());
  await transport.close();
  return { report, received: server.peers[0]?.receivedText ?? "" };
}

const FIVE = ["a", "b", "c", "d", "e"].map((name) => `${name}@example.com`);

Deno.test("smtp SIZE: a message over the server's limit fails unsent, in so many words", async () => {
  const ehlo = "250-x\r\n250 SIZE 20";
  const { report, received } = await send(deliveryOf(FIVE.slice(0, 2)), { ehlo });
  for (const outcome of report.outcomes) {
    assert.deepEqual(outcome, {
      kind: "failed",
      isRelayFault: false,
      code: null,
      enhanced: "5.3.4",
      text: "The message has 24 bytes and the relay takes 20 at most",
      phase: "mail",
    });
  }
  assert.equal(report.error, report.outcomes[0]?.text);
  assert.equal(received, "EHLO client.example\r\nQUIT\r\n");
});

Deno.test("smtp SIZE: at the limit, and without one, a message is sent", async () => {
  for (const size of ["SIZE 24", "SIZE 0", "SIZE", "SIZE lots", "HELP"]) {
    const { report, received } = await send(deliveryOf(["a@x.y"]), {
      ehlo: `250-x\r\n250 ${size}`,
    });
    assert.equal(report.outcomes[0]?.kind, "sent", size);
    assert.equal(received.includes(" SIZE=24\r\n"), size.startsWith("SIZE"), size);
  }
});

Deno.test("smtp recipient_limit: each transaction has as many recipients at most", async () => {
  for (const extension of ["PIPELINING", "HELP"]) {
    let begun = 0;
    await using server = await scriptedServer((peer) =>
      converse(peer, {
        ehlo: `250-x\r\n250 ${extension}`,
        rcpt: (address) => address.startsWith("c") ? "550 5.1.1 unknown" : "250 2.1.5 ok",
      })
    );
    const transport = relayOn(server.port, {}, { recipientLimit: 2 }).open();
    for (const delivery of [deliveryOf(FIVE), inPieces(deliveryOf(FIVE), 7)]) {
      const report = await transport.deliver(delivery, {
        ...unhindered(),
        onDataBegin: () => begun++,
      });
      assert.deepEqual(report.outcomes.map(({ kind }) => kind), [
        "sent",
        "sent",
        "failed",
        "sent",
        "sent",
      ]);
    }
    await transport.close();
    assert.equal(begun, 2);
    const received = server.peers[0]?.receivedText ?? "";
    assert.equal(received.match(/MAIL FROM/g)?.length, 6);
    assert.equal(received.match(/RCPT TO/g)?.length, 10);
    assert.equal(server.peers.length, 1);
  }
});

Deno.test("smtp recipient_limit: a message refused as such is refused for all", async () => {
  const options = { recipientLimit: 2 };
  for (const step of ["mail", "data", "dot"]) {
    const { report } = await send(deliveryOf(FIVE), { [step]: "554 5.6.0 no" }, options);
    assert.deepEqual(report.outcomes.map(({ kind }) => kind), FIVE.map(() => "failed"), step);
  }
});

const DSN: DsnRequest = {
  ret: "headers",
  envid: "id+1=2 x",
  recipients: [
    { notify: ["success", "failure"], orcpt: "rfc822;a+b@example.com" },
    null,
    { notify: ["never"], orcpt: null },
  ],
};

Deno.test("smtp DSN: what the sender asked for goes to a server that knows it", async () => {
  const delivery = { ...deliveryOf(FIVE.slice(0, 3)), dsn: DSN };
  const { received } = await send(delivery, { ehlo: "250-x\r\n250-DSN\r\n250 PIPELINING" });
  assert.match(received, /MAIL FROM:<sender@example\.com> RET=HDRS ENVID=id\+2B1\+3D2\+20x\r\n/);
  assert.match(
    received,
    /RCPT TO:<a@example\.com> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;a\+2Bb@example\.com\r\n/,
  );
  assert.match(received, /RCPT TO:<b@example\.com>\r\nRCPT TO:<c@example\.com> NOTIFY=NEVER\r\n/);
  const without = await send(delivery, {});
  assert.doesNotMatch(without.received, /RET=|ENVID=|NOTIFY=|ORCPT=/);
  assert.equal(without.report.outcomes[0]?.kind, "sent");
});

Deno.test("DSN parameters: what cannot be said is left out", () => {
  assert.equal(mailParameters(null), "");
  assert.equal(mailParameters({ ret: null, envid: "x".repeat(101), recipients: [] }), "");
  assert.equal(mailParameters({ ret: "full", envid: "\u00fc", recipients: [] }), " RET=FULL");
  for (const orcpt of ["no type", "rfc822;", "rfc822;j\u00f6rg@x", `rfc822;${"x".repeat(500)}`]) {
    assert.equal(rcptParameters({ notify: ["delay"], orcpt }), " NOTIFY=DELAY", orcpt);
  }
  assert.equal(
    rcptParameters({ notify: ["never", "success"], orcpt: "rfc822;a\r\nDATA" }),
    " NOTIFY=NEVER ORCPT=rfc822;a+0D+0ADATA",
  );
  assert.equal(xtext("a b+c=d\x7f"), null);
  assert.equal(xtext("a b+c=d"), "a+20b+2Bc+3Dd");
});

Deno.test("smtp content: bytes whose memory is gone do not pass for an empty message", async () => {
  const delivery = deliveryOf(FIVE.slice(0, 1));
  const { content } = delivery;
  assert(content instanceof Uint8Array && content.buffer instanceof ArrayBuffer);
  content.buffer.transfer(0);
  const { report, received } = await send(delivery, {});
  assert.equal(report.outcomes[0]?.kind, "deferred");
  assert.match(String(report.error), /0 of the message's 24 bytes are there/);
  assert(!received.includes("\r\n.\r\n"), received);
});
