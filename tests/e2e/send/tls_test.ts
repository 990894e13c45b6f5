import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mail, Mailq } from "../../support/mailq.ts";
import { converse, EHLO_TLS, type Replies, scriptedServer } from "../../support/smtp_script.ts";
import {
  CA_PATH,
  EXPIRED,
  fingerprintOf,
  SELF_SIGNED,
  SERVER,
  WRONG_NAME,
} from "../../support/tls_certificates.ts";

/** Sends one mail to a server at `host`; the settings are TOML of the relay, `env` is the
 *  machine's. */
async function sendTo(
  replies: Replies,
  settings: string,
  host = "localhost",
  env: Readonly<Record<string, string>> = {},
): Promise<{
  readonly code: number;
  readonly error: string;
  readonly said: string;
  /** When metrics say that the certificate ends, in seconds; null where they do not. */
  readonly endsAt: number | null;
}> {
  await using server = await scriptedServer(
    (peer) => converse(peer, { ehlo: EHLO_TLS, ...replies }),
    { host: host === "localhost" ? "127.0.0.1" : host, port: 0 },
  );
  // What uses up a retry fails for good.
  await using mailq = await Mailq.make({
    MAILQ_RETRY_MAX: "0",
    MAILQ_PASSWORD: "a-password",
    ...env,
  });
  await Deno.writeTextFile(
    `${mailq.folder}/mailq.toml`,
    `[relay.default]\nurl = "smtp://${
      settings.includes("#login") ? "user@" : ""
    }${host}:${server.port}"\n${settings}`,
  );
  if (!settings.includes("#login")) delete mailq.env.MAILQ_PASSWORD;
  const id = await mailq.enqueue(mail());
  const { code, stderr } = await mailq.run(["send", "--strict", "--verbose"]);
  const [{ status, attempts: [attempt] }] = await mailq.json(["show", id]);
  assert.equal(status, code === 0 ? "sent" : "deferred", stderr);
  if (code !== 0) {
    assert.equal(attempt.traceback, null);
    assert.ok(stderr.includes(attempt.error), `${stderr} tells ${attempt.error}`);
  }
  const said = server.peers.map((peer) => peer.receivedText).join("");
  const [, ends = null] =
    /^mailq_relay_certificate_expiry_timestamp_seconds\{relay="default"\} (\d+)$/m
      .exec(await mailq.ok(["metrics"])) ?? [];
  return { code, error: attempt.error, said, endsAt: ends === null ? null : Number(ends) };
}

const MUST = `tls.mode = "required"\n`;
const OWN_CA = `${MUST}tls.ca = "${CA_PATH}"\n`;

Deno.test("tls: the authorities of SSL_CERT_FILE are trusted, and those of no other", async () => {
  const trusted = await sendTo({ tls: SERVER }, MUST, "localhost", { SSL_CERT_FILE: CA_PATH });
  assert.equal(trusted.code, 0, trusted.error);
  // What the environment chooses itself is left to it.
  const mozilla = { SSL_CERT_FILE: CA_PATH, DENO_TLS_CA_STORE: "mozilla" };
  const other = await sendTo({ tls: SERVER }, MUST, "localhost", mozilla);
  assert.notEqual(other.code, 0);
  assert.match(other.error, /signed by an authority that is not trusted here/);
});

const UNFIT: readonly (readonly [string, Replies, string, RegExp])[] = [
  [
    "for another host",
    { tls: WRONG_NAME },
    OWN_CA,
    /certificate is for other\.example, not for localhost: use a name it is for/,
  ],
  ["expired", { tls: EXPIRED }, OWN_CA, /has expired \(2020-02-01\): have the relay's renewed/],
  ["self-signed", { tls: SELF_SIGNED }, OWN_CA, /certificate is self-signed.*: set tls\.ca/],
  [
    "of an unknown authority",
    { tls: SERVER },
    MUST,
    /signed by an authority that is not trusted here: set tls\.ca/,
  ],
];

for (const [what, replies, settings, says] of UNFIT) {
  Deno.test(`TLS: a certificate ${what} is refused, and a line says what to do`, async () => {
    const { code, error, said } = await sendTo(replies, settings);
    assert.equal(code, 69);
    assert.match(error, says);
    assert.doesNotMatch(said, /MAIL FROM/);
  });
}

Deno.test("TLS: a relay that offers none is refused where it is a must", async () => {
  const { code, error, said } = await sendTo({ ehlo: "250 x" }, OWN_CA);
  assert.equal(code, 69);
  assert.match(error, /offers no TLS here, and it is required: use smtps: .*tls\.mode to off/);
  assert.doesNotMatch(said, /MAIL FROM/);
});

Deno.test("TLS: a certificate of our own authority, or one in tls.ca itself, is taken", async () => {
  const { code, endsAt } = await sendTo({ tls: SERVER }, OWN_CA);
  assert.equal(code, 0);
  // A runtime older than 2.9 does not tell it.
  const { validTo } = new X509Certificate(SERVER.cert);
  if (endsAt !== null) assert.equal(endsAt, Date.parse(validTo) / 1000);
  const path = CA_PATH.replace("ca.pem", "self_signed.pem");
  assert.equal((await sendTo({ tls: SELF_SIGNED }, `${MUST}tls.ca = "${path}"\n`)).code, 0);
});

Deno.test("TLS: the pinned certificate is taken and no other, or the program says it cannot", async () => {
  const pin = `tls.fingerprint = "${await fingerprintOf(SELF_SIGNED)}"\n`;
  const pinned = await sendTo({ tls: SELF_SIGNED }, pin);
  const other = await sendTo({ tls: SERVER }, pin);
  assert.equal(other.code, 69);
  if (pinned.code === 0) assert.match(other.error, /is not the one in tls\.fingerprint/);
  else for (const { error } of [pinned, other]) assert.match(error, /older than 2\.9; use tls\.ca/);
  assert.doesNotMatch(other.said, /MAIL FROM/);
});

const outside = Deno.networkInterfaces().find(({ family, address }) =>
  family === "IPv4" && !address.startsWith("127.")
);

Deno.test({
  name: "TLS: a password crosses no network in clear, unless off is written out",
  ignore: outside === undefined,
  fn: async () => {
    const host = outside?.address ?? "";
    const ehlo = "250-x\r\n250 AUTH PLAIN LOGIN";
    const auth: Replies["auth"] = (peer) => Promise.resolve(peer.send("235 2.7.0 ok\r\n"));
    for (const settings of ["#login\n", `#login\ntls.mode = "opportunistic"\n`]) {
      const { code, error, said } = await sendTo({ ehlo, auth }, settings, host);
      assert.equal(code, 69);
      assert.match(error, /offers no TLS here, and it is required/);
      assert.doesNotMatch(said, /AUTH/);
    }
    const { code, said } = await sendTo({ ehlo, auth }, `#login\ntls.mode = "off"\n`, host);
    assert.equal(code, 0);
    assert.match(said, /AUTH PLAIN/);
  },
});
