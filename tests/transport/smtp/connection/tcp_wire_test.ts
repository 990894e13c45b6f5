import assert from "node:assert/strict";
import { isNodeTlsFit } from "../../../../src/transport/smtp/connection/node_wire.ts";
import { dialTcp } from "../../../../src/transport/smtp/connection/tcp_wire.ts";
import {
  explainDoubt,
  explainPeerDoubt,
  type TlsRequest,
} from "../../../../src/transport/smtp/connection/tls.ts";
import { ConnectionBroken } from "../../../../src/transport/smtp/connection/broken.ts";
import { scriptedServer, stall } from "../../../support/smtp_script.ts";
import {
  CA,
  EXPIRED,
  SELF_SIGNED,
  SERVER,
  type ServerCertificate,
  WRONG_NAME,
} from "../../../support/tls_certificates.ts";

const REQUEST: TlsRequest = { host: "localhost", mustVerify: true, ca: CA, pin: null };

/** Begins TLS on Deno's own connection, and has a line come back. */
async function secure(certificate: ServerCertificate, request: TlsRequest): Promise<string> {
  await using server = await scriptedServer(async (peer) => {
    await peer.secure(certificate);
    peer.send(`${await peer.line()}\r\n`);
    await stall(peer);
  });
  const wire = await dialTcp("127.0.0.1", server.port);
  try {
    const { version, isVerified } = await wire.secure(request);
    await wire.write(new TextEncoder().encode("hello\r\n"));
    const into = new Uint8Array(100);
    const count = await wire.read(into) ?? 0;
    return `${version} ${isVerified} ${new TextDecoder().decode(into.subarray(0, count)).trim()}`;
  } finally {
    wire.close();
  }
}

Deno.test("TcpWire: speaks TLS where node:tls is not fit, and verifies always", async () => {
  assert.equal(await secure(SERVER, REQUEST), "TLS true hello");
  assert.equal(await secure(SERVER, { ...REQUEST, host: "127.0.0.1" }), "TLS true hello");
  const unfit = [
    [EXPIRED, "the certificate has expired (2020-02-01): have the relay's renewed"],
    [
      WRONG_NAME,
      "the certificate is for other.example, not for localhost: use a name it is for in the " +
      "relay's URL",
    ],
    [
      SELF_SIGNED,
      "the certificate is self-signed, or signed by an authority that is not trusted here: " +
      "set tls.ca to a file with the authority's certificate (UnknownIssuer)",
    ],
  ] as const;
  for (const [certificate, message] of unfit) {
    for (const mustVerify of [true, false]) {
      await assert.rejects(secure(certificate, { ...REQUEST, mustVerify }), {
        kind: "certificate",
        message,
      });
    }
  }
  assert.equal(await secure(SELF_SIGNED, { ...REQUEST, ca: SELF_SIGNED.cert }), "TLS true hello");
  await assert.rejects(secure(SERVER, { ...REQUEST, pin: "AB".repeat(32) }), {
    kind: "certificate",
    message: /cannot be compared with tls\.fingerprint: .* use tls\.ca/,
  });
});

Deno.test("TcpWire: an abort ends a handshake that gets no answer", async () => {
  await using server = await scriptedServer(stall);
  const wire = await dialTcp("127.0.0.1", server.port);
  const securing = wire.secure(REQUEST);
  await server.peers[0]?.waitForBytes(1);
  wire.abort(new ConnectionBroken("timeout", "too late"));
  await assert.rejects(securing, { kind: "timeout", message: "too late" });
});

Deno.test("isNodeTlsFit: from Deno 2.9 on", () => {
  const versions = ["1.46.3", "2.4.2", "2.8.3", "2.9.0", "2.10.1", "3.0.0"];
  assert.deepEqual(versions.map(isNodeTlsFit), [false, false, false, true, true, true]);
});

Deno.test("explainDoubt: a certificate of the future, and one that shows nothing", () => {
  const facts = { validFrom: Date.UTC(2030, 0, 2), validTo: Date.UTC(2031, 0), names: "" };
  const certificate = { ...facts, fingerprint: "" };
  assert.match(
    explainDoubt("UNABLE_TO_VERIFY_LEAF_SIGNATURE", certificate, "h", 0),
    /^the certificate is not valid before 2030-01-02: see that the clocks are right, or set tls\./,
  );
  assert.match(
    explainDoubt("ERR_TLS_CERT_ALTNAME_INVALID", null, "h", 0),
    /^the certificate is for another host, not for h: /,
  );
  assert.match(
    explainDoubt("ERR_TLS_CERT_ALTNAME_INVALID", certificate, "h", Date.UTC(2030, 5)),
    /^the certificate names no host /,
  );
});

Deno.test("explainPeerDoubt: says what to do, however Deno words the doubt", () => {
  const told = (doubt: string) => explainPeerDoubt({ doubt, host: "relay.test" });
  assert.match(told("NotValidForName"), /for another host, not for relay\.test: use a name/);
  const nameless =
    'certificate not valid for name "relay.test"; certificate is not valid for any names' +
    " (according to its subjectAltName extension)";
  assert.match(told(nameless), /names no host \(it has no subjectAltName/);
  assert.match(told("Expired"), /has expired \(at an unknown time\): have the relay's renewed/);
  assert.match(
    told(
      "certificate not valid yet: verification time 1 (UNIX), but certificate is not valid " +
        "before 1893542400 (9 seconds ahead)",
    ),
    /not valid before 2030-01-02: see that the clocks are right/,
  );
  assert.match(
    told(
      'certificate not valid for name "relay.test"; certificate is only valid for ' +
        'DnsName("a.test"), DnsName("*.b.test") or IpAddress(192.0.2.1)',
    ),
    /is for a\.test, \*\.b\.test, 192\.0\.2\.1, not for relay\.test/,
  );
  assert.match(told("CaUsedAsEndEntity"), /cannot be verified \(CaUsedAsEndEntity\): set tls\.ca/);
});
