import assert from "node:assert/strict";
import type { DeliveryReport } from "../../../../src/queue/ports/transport.ts";
import type { RelayTls } from "../../../../src/transport/smtp/session/session_opener.ts";
import type { Timeouts } from "../../../../src/transport/smtp/connection/timers.ts";
import { deliveryOf, relayOn, unhindered } from "../../../support/smtp_delivery.ts";
import {
  converse,
  EHLO_REPLY,
  EHLO_TLS,
  hangUp,
  type Peer,
  type Replies,
  reset,
  scriptedServer,
  stall,
} from "../../../support/smtp_script.ts";
import {
  EXPIRED,
  fingerprintOf,
  NO_NAMES,
  SELF_SIGNED,
  SERVER,
  type ServerCertificate,
  tlsWith,
  WRONG_NAME,
} from "../../../support/tls_certificates.ts";

interface Sent {
  readonly report: DeliveryReport;
  readonly peers: readonly Peer[];
}

/** Hands one message over to a server that speaks TLS with `certificate`. */
async function send(
  certificate: ServerCertificate,
  tls: RelayTls,
  replies: Replies | ((n: number) => Replies) = {},
  timeouts: Partial<Timeouts> = {},
  host = "127.0.0.1",
): Promise<Sent> {
  await using server = await scriptedServer((peer) =>
    converse(peer, {
      ehlo: tls.isImplicit ? EHLO_REPLY : EHLO_TLS,
      tls: certificate,
      isTlsImplicit: tls.isImplicit,
      ...typeof replies === "function" ? replies(peer.n) : replies,
    })
  );
  const transport = relayOn(server.port, timeouts, { tls, host }).open();
  const report = await transport.deliver(deliveryOf(["a@example.com"]), unhindered());
  await transport.close();
  return { report, peers: server.peers };
}

function kind({ outcomes: [outcome] }: DeliveryReport): string {
  return `${outcome?.kind}${outcome?.isRelayFault ? "!" : ""}`;
}

for (const isImplicit of [false, true]) {
  const how = isImplicit ? "implicit" : "STARTTLS";

  Deno.test(`smtp ${how}: sends under TLS and says so`, async () => {
    const { report, peers } = await send(SERVER, tlsWith({ isImplicit }));
    assert.equal(kind(report), "sent", report.error ?? "");
    assert.equal(report.tls, "TLSv1.3");
    assert.equal(peers.length, 1);
    assert.ok(peers[0]?.isSecure);
    assert.equal(peers[0]?.serverName, null);
  });

  Deno.test(`smtp ${how}: TLS 1.2 will do, and the name is sent`, async () => {
    const certificate = { ...SERVER, maxVersion: "TLSv1.2" as const };
    const { report, peers } = await send(
      certificate,
      tlsWith({ isImplicit }),
      {},
      {},
      "localhost",
    );
    assert.equal(kind(report), "sent", report.error ?? "");
    assert.equal(report.tls, "TLSv1.2");
    assert.equal(peers[0]?.serverName, "localhost");
  });

  const REFUSED: readonly (readonly [string, ServerCertificate, Partial<RelayTls>, RegExp])[] = [
    [
      "for another host",
      WRONG_NAME,
      {},
      /the certificate is for other\.example, not for 127\.0\.0\.1: use a name .* tls\.fingerprint/,
    ],
    [
      "with a common name alone",
      NO_NAMES,
      {},
      /the certificate names no host \(it has no subjectAltName; .* or set tls\.fingerprint/,
    ],
    [
      "that has expired",
      EXPIRED,
      {},
      /the certificate has expired \(2020-02-01\): .* tls\.fingerprint/,
    ],
    ["that is self-signed", SELF_SIGNED, {}, /the certificate is self-signed: set tls\.ca .*, or/],
    [
      "of an unknown authority",
      SERVER,
      { ca: null },
      /signed by an authority that is not trusted here: set tls\.ca .* tls\.fingerprint/,
    ],
    [
      "other than the pinned one",
      SERVER,
      { fingerprint: "00".repeat(32) },
      /the certificate is not the one in tls\.fingerprint: its SHA-256 is [0-9A-F]{64};/,
    ],
    [
      "other than the pinned one, if TLS is no must",
      SERVER,
      { fingerprint: "00".repeat(32), mode: "opportunistic" },
      /is not the one in tls\.fingerprint/,
    ],
  ];
  for (const [what, certificate, tls, error] of REFUSED) {
    Deno.test(`smtp ${how}: a certificate ${what} is refused as the relay's fault`, async () => {
      const { report, peers } = await send(certificate, tlsWith({ isImplicit, ...tls }));
      assert.equal(kind(report), "deferred!");
      assert.match(report.error ?? "", /^Beginning TLS with 127\.0\.0\.1:\d+: /);
      assert.match(report.error ?? "", error);
      assert.match(report.transcript ?? "", error);
      assert.equal(report.outcomes[0]?.text, report.error);
      assert.equal(report.tls, null);
      assert.equal(peers.length, 1);
      assert.doesNotMatch(peers[0]?.receivedText ?? "", /MAIL|EHLO[^]*EHLO/);
    });
  }

  Deno.test(`smtp ${how}: a pinned certificate is taken whatever else it is`, async () => {
    for (const certificate of [SELF_SIGNED, EXPIRED, WRONG_NAME, NO_NAMES]) {
      const pin = await fingerprintOf(certificate);
      for (const fingerprint of [pin, `SHA256:${pin.replaceAll(":", "").toLowerCase()}`]) {
        const tls = tlsWith({ isImplicit, ca: null, fingerprint });
        const { report } = await send(certificate, tls);
        assert.equal(kind(report), "sent", report.error ?? "");
        assert.equal(report.tls, "TLSv1.3");
      }
    }
  });

  Deno.test(`smtp ${how}: where TLS is no must any certificate will do`, async () => {
    for (const certificate of [SELF_SIGNED, EXPIRED, WRONG_NAME]) {
      const tls = tlsWith({ isImplicit, mode: "opportunistic" });
      const { report, peers } = await send(certificate, tls, { dot: "450 4.3.0 later" });
      assert.equal(report.tls, "TLSv1.3 (unverified)");
      assert.match(report.transcript ?? "", /-- TLSv1\.3 \(unverified\): the certificate /);
      assert.ok(peers[0]?.isSecure);
    }
  });
}

Deno.test("smtp STARTTLS: the hello is said again, and what was offered before forgotten", async () => {
  let hellos = 0;
  const ehlo = (peer: Peer) =>
    peer.send(hellos++ === 0 ? `250-x\r\n250-SIZE 9999\r\n250 STARTTLS\r\n` : "250 x\r\n");
  const { report, peers } = await send(SERVER, tlsWith(), { ehlo });
  assert.equal(kind(report), "sent", report.error ?? "");
  assert.equal(
    peers[0]?.receivedText,
    "EHLO client.example\r\nSTARTTLS\r\nEHLO client.example\r\n" +
      "MAIL FROM:<sender@example.com>\r\nRCPT TO:<a@example.com>\r\nDATA\r\n" +
      "Subject: test\r\n\r\nHello\r\n.\r\nQUIT\r\n",
  );
});

Deno.test("smtp STARTTLS: bytes injected ahead of TLS end the hand-over", async () => {
  for (const mode of ["required", "opportunistic"] as const) {
    const starttls = (peer: Peer) => {
      peer.send("220 go\r\n250-evil\r\n250 AUTH PLAIN\r\n");
      return stall(peer);
    };
    const { report, peers } = await send(SERVER, tlsWith({ mode }), { starttls });
    assert.equal(kind(report), "deferred!");
    assert.match(report.error ?? "", /sent bytes in clear when TLS was to begin$/);
    assert.match(report.transcript ?? "", /S: 250-evil/);
    assert.equal(peers.length, 1);
  }
});

Deno.test("smtp STARTTLS: bytes injected a moment later never pass for replies", async () => {
  const starttls = async (peer: Peer) => {
    peer.send("220 go\r\n");
    await peer.waitForBytes(peer.received.length + 1);
    peer.send("250-evil\r\n250 AUTH PLAIN\r\n");
    await stall(peer);
  };
  const { report } = await send(SERVER, tlsWith(), { starttls });
  assert.equal(kind(report), "deferred!");
  assert.doesNotMatch(report.transcript ?? "", /evil/);
});

Deno.test("smtp STARTTLS: a server without it is left where TLS is a must", async () => {
  const { report, peers } = await send(SERVER, tlsWith(), { ehlo: EHLO_REPLY });
  assert.equal(kind(report), "deferred!");
  assert.match(
    report.error ?? "",
    /the server offers no TLS here, and it is required: use smtps: .*tls\.mode/,
  );
  assert.doesNotMatch(peers[0]?.receivedText ?? "", /MAIL/);
});

Deno.test("smtp STARTTLS: a refusal is the relay's fault where TLS is a must", async () => {
  const { report } = await send(SERVER, tlsWith(), { starttls: "454 4.7.0 not now" });
  assert.equal(kind(report), "deferred!");
  assert.equal(report.outcomes[0]?.code, 454);
  const other = await send(SERVER, tlsWith(), { starttls: "250 what" });
  assert.equal(kind(other.report), "deferred!");
});

Deno.test("smtp STARTTLS: where it is no must mail goes out in clear without it", async () => {
  const tls = tlsWith({ mode: "opportunistic" });
  for (const replies of [{ ehlo: EHLO_REPLY }, { starttls: "454 4.7.0 not now" }]) {
    const { report, peers } = await send(SERVER, tls, replies);
    assert.equal(kind(report), "sent", report.error ?? "");
    assert.equal(report.tls, null);
    assert.equal(peers.length, 1);
  }
});

const BROKEN: readonly (readonly [string, (peer: Peer) => void | Promise<void>])[] = [
  ["closes", hangUp],
  ["resets", reset],
  ["talks nonsense", (peer) => {
    peer.send("220 go\r\n");
    return peer.waitForBytes(peer.received.length + 1).then(() => {
      peer.send("this is no TLS\r\n");
      return stall(peer);
    });
  }],
  ["stalls", (peer) => {
    peer.send("220 go\r\n");
    return stall(peer);
  }],
];
for (const [way, starttls] of BROKEN) {
  Deno.test(`smtp STARTTLS: a server that ${way} is tried once more in clear, if TLS is no must`, async () => {
    const replies = (n: number) => (n === 0 ? { starttls } : { dot: "450 4.3.0 later" });
    const tls = tlsWith({ mode: "opportunistic" });
    const { report, peers } = await send(SERVER, tls, replies, { tlsMs: 100 });
    assert.equal(kind(report), "deferred");
    assert.equal(report.outcomes[0]?.code, 450);
    assert.equal(report.tls, null);
    assert.match(report.transcript ?? "", /Beginning TLS with .*\n.*once more, in clear/);
    assert.equal(peers.length, 2);
    assert.doesNotMatch(peers[1]?.receivedText ?? "", /STARTTLS/);
  });

  Deno.test(`smtp STARTTLS: a server that ${way} is left where TLS is a must`, async () => {
    const { report, peers } = await send(SERVER, tlsWith(), { starttls }, { tlsMs: 100 });
    assert.equal(kind(report), "deferred!");
    assert.match(report.error ?? "", /^Beginning TLS with 127\.0\.0\.1:\d+: /);
    assert.equal(peers.length, 1);
  });
}

Deno.test("smtp implicit: a server that speaks in clear is the relay's fault", async () => {
  const { report } = await send(SERVER, tlsWith({ isImplicit: true }), { isTlsImplicit: false });
  assert.equal(kind(report), "deferred!");
  assert.match(
    report.error ?? "",
    /^Beginning TLS with \S+: the server speaks in clear at first here: write smtp:\/\/ in its URL/,
  );
});

Deno.test("smtp TLS: a signal while TLS is begun stops the hand-over", async () => {
  const controller = new AbortController();
  const starttls = (peer: Peer) => {
    peer.send("220 go\r\n");
    return peer.waitForBytes(peer.received.length + 1).then(() => {
      controller.abort();
      return stall(peer);
    });
  };
  await using server = await scriptedServer((peer) =>
    converse(peer, { ehlo: EHLO_TLS, tls: SERVER, starttls })
  );
  const transport = relayOn(server.port, {}, { tls: tlsWith({ mode: "opportunistic" }) }).open();
  const options = { onDataBegin() {}, signal: controller.signal };
  const report = await transport.deliver(deliveryOf(["a@example.com"]), options);
  await transport.close();
  assert.equal(kind(report), "deferred");
  assert.equal(server.peers.length, 1);
});

Deno.test("smtp TLS: nobody listening reads as it does in clear", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const transport = relayOn(port, {}, { tls: tlsWith() }).open();
  const report = await transport.deliver(deliveryOf(["a@example.com"]), unhindered());
  await transport.close();
  assert.equal(kind(report), "deferred!");
  assert.match(report.error ?? "", /^Connecting to 127\.0\.0\.1:\d+: Connection refused$/);
});

Deno.test("smtp TLS: messages share the connection, and a lost one is replaced", async () => {
  await using server = await scriptedServer((peer) =>
    converse(peer, { ehlo: EHLO_TLS, tls: SERVER, ...peer.n > 0 ? {} : { data: hangUp } })
  );
  const transport = relayOn(server.port, {}, { tls: tlsWith() }).open();
  const send = async () =>
    kind(await transport.deliver(deliveryOf(["a@example.com"]), unhindered()));
  assert.deepEqual([await send(), await send(), await send()], ["deferred", "sent", "sent"]);
  await transport.close();
  assert.equal(server.peers.length, 2);
});
