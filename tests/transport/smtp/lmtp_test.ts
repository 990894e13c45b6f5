import assert from "node:assert/strict";
import type { DeliveryReport } from "../../../src/queue/ports/transport.ts";
import { lmtpRelay } from "../../../src/transport/smtp/relay.ts";
import { deliveryOf, unhindered } from "../../support/smtp_delivery.ts";
import {
  converse,
  EHLO_REPLY,
  EHLO_STEP_BY_STEP,
  EHLO_TLS,
  hangUp,
  type Peer,
  type Replies,
  scriptedServer,
} from "../../support/smtp_script.ts";
import { SERVER, tlsWith } from "../../support/tls_certificates.ts";

const RECIPIENTS = ["a@example.com", "b@example.com", "c@example.com", "d@example.com"];

async function send(
  replies: Replies,
  tls = false,
): Promise<{ report: DeliveryReport; again: DeliveryReport; peers: readonly Peer[] }> {
  await using server = await scriptedServer((peer) => converse(peer, peer.n > 0 ? {} : replies));
  const relay = lmtpRelay({
    name: "test",
    endpoint: { kind: "tcp", host: "127.0.0.1", port: server.port },
    heloName: "client.example",
    tls: tls ? tlsWith() : null,
  });
  const transport = relay.open();
  const report = await transport.deliver(deliveryOf(RECIPIENTS), unhindered());
  const again = await transport.deliver(deliveryOf(["z@example.com"]), unhindered());
  await transport.close();
  return { report, again, peers: server.peers };
}

function shown({ outcomes }: DeliveryReport): string[] {
  return outcomes.map(({ kind, isRelayFault, code }) =>
    `${kind}${isRelayFault ? "!" : ""} ${code}`
  );
}

for (const ehlo of [EHLO_REPLY, EHLO_STEP_BY_STEP]) {
  const how = ehlo === EHLO_REPLY ? "pipelined" : "step by step";

  Deno.test(`lmtp ${how}: each recipient taken has its own reply to the content`, async () => {
    const { report, again, peers } = await send({
      ehlo,
      rcpt: (address) => address.startsWith("b") ? "550 5.1.1 unknown" : "250 ok",
      lmtpDot: (address) =>
        address.startsWith("c")
          ? "452 4.2.2 over quota"
          : address.startsWith("d")
          ? "552 5.2.2 too large"
          : "250 2.0.0 kept",
    });
    assert.deepEqual(shown(report), ["sent 250", "failed 550", "deferred 452", "failed 552"]);
    assert.match(report.error ?? "", /^RCPT TO <b@example\.com>: 550/);
    assert.match(report.transcript ?? "", /C: LHLO client\.example/);
    assert.deepEqual(shown(again), ["sent 250"]);
    assert.equal(peers.length, 1);
  });

  Deno.test(`lmtp ${how}: a connection lost between the replies leaves the rest uncertain`, async () => {
    const { report, again, peers } = await send({
      ehlo,
      lmtpDot: (address) => address.startsWith("c") ? hangUp : "250 2.0.0 kept",
    });
    assert.deepEqual(shown(report), ["sent 250", "sent 250", "uncertain null", "uncertain null"]);
    assert.deepEqual(shown(again), ["sent 250"]);
    assert.equal(peers.length, 2);
  });

  Deno.test(`lmtp ${how}: when nobody is taken nothing is sent, whatever the server wants`, async () => {
    const rcpt = () => "550 5.1.1 unknown";
    for (const data of ["503 5.5.1 nobody", "354 go ahead"]) {
      let contents = 0;
      const { report, peers } = await send({ ehlo, rcpt, data, onContent: () => contents++ });
      assert.deepEqual(shown(report), RECIPIENTS.map(() => "failed 550"));
      assert.equal(contents, 0);
      // A server that wants content for nobody is left: it would answer nothing to it.
      assert.equal(peers.length, data.startsWith("354") && ehlo === EHLO_REPLY ? 2 : 1);
    }
  });
}

Deno.test("lmtp: an LHLO refused is the relay's fault, and HELO is not tried", async () => {
  const { report, peers } = await send({ ehlo: "500 5.5.1 this is SMTP" });
  assert.deepEqual(shown(report), RECIPIENTS.map(() => "deferred! 500"));
  assert.match(report.error ?? "", /^LHLO: 500 this is SMTP$/);
  assert.doesNotMatch(peers[0]?.receivedText ?? "", /HELO client[^]*HELO client/);
});

Deno.test("lmtp: TLS works as it does with SMTP", async () => {
  const { report, peers } = await send({ ehlo: EHLO_TLS, tls: SERVER }, true);
  assert.deepEqual(shown(report), RECIPIENTS.map(() => "sent 250"));
  assert.equal(report.tls, "TLSv1.3");
  assert.match(peers[0]?.receivedText ?? "", /^LHLO .*\r\nSTARTTLS\r\nLHLO /);
});

Deno.test("lmtp: a missing socket is the relay's fault", async () => {
  const path = "/nowhere/lmtp";
  const endpoint = { kind: "unix", path } as const;
  const transport = lmtpRelay({ name: "test", endpoint, heloName: "client.example" }).open();
  const report = await transport.deliver(deliveryOf(["a@example.com"]), unhindered());
  assert.deepEqual(shown(report), ["deferred! null"]);
  assert.match(report.error ?? "", /^Connecting to \/nowhere\/lmtp: No such file or directory/);
  assert.equal(report.host, path);
});
