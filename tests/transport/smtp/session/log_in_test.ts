import assert from "node:assert/strict";
import type { DeliveryReport } from "../../../../src/queue/ports/transport.ts";
import type { SecretSource } from "../../../../src/transport/smtp/session/secrets.ts";
import { authWith, base64, scramServer } from "../../../support/smtp_auth.ts";
import { deliveryOf, relayOn, unhindered } from "../../../support/smtp_delivery.ts";
import {
  converse,
  EHLO_REPLY,
  type Peer,
  type Replies,
  scriptedServer,
} from "../../../support/smtp_script.ts";
import { SERVER, tlsWith } from "../../../support/tls_certificates.ts";

const PASSWORD = "s3cret,=\u00fc";
const TOKEN = `eyJ${"a1B2".repeat(150)}.x`;

interface Attempt {
  /** The mechanisms offered. */
  readonly offered: string;
  readonly auth: (peer: Peer, line: string) => Promise<void>;
  readonly secret?: SecretSource;
  readonly mayGoInClear?: boolean;
  readonly isSecure?: boolean;
  readonly replies?: Replies;
}

async function send(attempt: Attempt): Promise<{ report: DeliveryReport; received: string[] }> {
  const { offered, auth, isSecure = false, mayGoInClear = true } = attempt;
  const lines = [EHLO_REPLY.replace("250 ENH", "250-ENH")];
  if (offered !== "") lines.push(`250-AUTH ${offered}`);
  const ehlo = [...lines, "250 STARTTLS"].join("\r\n");
  await using server = await scriptedServer((peer) =>
    converse(peer, { ehlo, auth, tls: SERVER, ...attempt.replies })
  );
  const secret = attempt.secret ?? { kind: "text", text: PASSWORD };
  const login = { user: "m\u00fc@x,y", secret, mayGoInClear };
  const tls = isSecure ? tlsWith() : null;
  const transport = relayOn(server.port, {}, { tls, login }).open();
  const report = await transport.deliver(deliveryOf(["a@example.com"]), unhindered());
  await transport.close();
  return { report, received: server.peers.map((peer) => peer.receivedText) };
}

function shown({ outcomes: [outcome] }: DeliveryReport): string {
  return `${outcome?.kind}${outcome?.isRelayFault ? "!" : ""} ${outcome?.code}`;
}

/** Nothing of a report may give the secret away, in whatever form. */
function assertSilent(report: DeliveryReport, secret: string): void {
  const all = JSON.stringify(report);
  for (const form of [secret, base64(secret), base64(`\0m\u00fc@x,y\0${secret}`)]) {
    assert.ok(!all.includes(form), all);
    assert.ok(!all.includes(JSON.stringify(form).slice(1, -1)), all);
  }
}

const MECHANISMS: readonly (readonly [string, string, string])[] = [
  ["PLAIN", PASSWORD, `PLAIN \0m\u00fc@x,y\0${PASSWORD}`],
  ["LOGIN", PASSWORD, `LOGIN m\u00fc@x,y|${PASSWORD}`],
  ["XOAUTH2", TOKEN, `XOAUTH2 user=m\u00fc@x,y\x01auth=Bearer ${TOKEN}\x01\x01`],
];
for (const [mechanism, text, expected] of MECHANISMS) {
  Deno.test(`smtp AUTH ${mechanism}: logs in, then sends`, async () => {
    const seen: string[] = [];
    const secret = { kind: "text", text } as const;
    for (const isSecure of [false, true]) {
      const auth = authWith(seen);
      const dot = "450 4.3.0 later";
      const { report } = await send({
        offered: mechanism,
        auth,
        secret,
        isSecure,
        replies: { dot },
      });
      assert.equal(shown(report), "deferred 450");
      assert.match(report.transcript ?? "", RegExp(`C: AUTH ${mechanism}`));
      assert.match(report.transcript ?? "", /C: .*\*\*\*\n/);
      assertSilent(report, text);
    }
    assert.deepEqual(seen, [expected, expected]);
  });
}

Deno.test("smtp AUTH OAUTHBEARER: logs in with host and port", async () => {
  const seen: string[] = [];
  const secret = { kind: "text", text: TOKEN } as const;
  const { report } = await send({ offered: "PLAIN OAUTHBEARER", auth: authWith(seen), secret });
  assert.equal(shown(report), "sent 250");
  assert.match(
    seen[0] ?? "",
    // deno-lint-ignore no-control-regex
    /^OAUTHBEARER n,a=m\u00fc@x=2Cy,\x01host=127\.0\.0\.1\x01port=\d+\x01auth=Bearer eyJ.*\x01\x01$/,
  );
});

Deno.test("smtp AUTH: a token refused by way of a challenge is answered as it should be", async () => {
  for (const [offered, answer] of [["OAUTHBEARER", "AQ=="], ["XOAUTH2", ""]] as const) {
    const seen: string[] = [];
    const auth = authWith(seen, `334 ${base64('{"status":"401"}')}`);
    const { report } = await send({ offered, auth, secret: { kind: "text", text: TOKEN } });
    assert.equal(shown(report), "deferred! 535");
    assert.equal(seen[1], answer);
    assertSilent(report, TOKEN);
  }
});

Deno.test("smtp AUTH SCRAM-SHA-256: both sides prove themselves", async () => {
  const offered = "PLAIN LOGIN SCRAM-SHA-256";
  const { report } = await send({ offered, auth: scramServer(PASSWORD) });
  assert.equal(shown(report), "sent 250", report.error ?? "");
  const wrong = await send({ offered: "SCRAM-SHA-256", auth: scramServer("another") });
  assert.equal(shown(wrong.report), "deferred! 535");
  const impostor = await send({ offered, auth: scramServer(PASSWORD, "AAAA") });
  assert.equal(shown(impostor.report), "deferred! null");
  assert.match(impostor.report.error ?? "", /^AUTH: the server cannot prove that it knows the/);
  assert.doesNotMatch(impostor.received[0] ?? "", /MAIL/);
  assertSilent(impostor.report, PASSWORD);
});

Deno.test("smtp AUTH: refusals are the relay's fault, and what it repeats is masked", async () => {
  for (const code of [454, 500, 504, 530, 534, 535, 538]) {
    const reply = `${code} 5.7.8 not ${PASSWORD}`.replace("\u00fc", "");
    const text = PASSWORD.replace("\u00fc", "");
    const secret = { kind: "text", text } as const;
    const { report, received } = await send({
      offered: "PLAIN",
      auth: authWith([], reply),
      secret,
    });
    assert.equal(shown(report), `deferred! ${code}`);
    assert.match(report.error ?? "", /^AUTH: \d+ (5\.7\.8 )?not \*\*\*$/);
    assertSilent(report, text);
    assert.equal(received.length, 1);
    assert.doesNotMatch(received[0] ?? "", /MAIL/);
  }
});

Deno.test("smtp AUTH: a refused token is fetched anew, once", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const command = (last: string) =>
      `echo x >> "${folder}/${last}"; n=$(wc -l < "${folder}/${last}"); echo token-$((n < ${last} ? n : ${last}))`;
    const seen: string[] = [];
    const auth = authWith(seen, (n) => (n === 0 ? "535 5.7.8 expired" : "235 2.7.0 ok"));
    const secret = { kind: "command", command: command("2") } as const;
    const renewed = await send({ offered: "LOGIN", auth, secret });
    assert.equal(shown(renewed.report), "sent 250");
    assert.deepEqual(seen.map((line) => line.split("|")[1]), ["token-1", "token-2"]);
    const vain: string[] = [];
    const never = authWith(vain, "535 5.7.8 wrong");
    const same = await send({
      offered: "LOGIN",
      auth: never,
      secret: { kind: "command", command: command("1") },
    });
    assert.equal(shown(same.report), "deferred! 535");
    assert.equal(vain.length, 1);
    const often: string[] = [];
    const other = await send({
      offered: "LOGIN",
      auth: authWith(often, "535 5.7.8 wrong"),
      secret: { kind: "command", command: command("9") },
    });
    assert.equal(shown(other.report), "deferred! 535");
    assert.equal(often.length, 2);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("smtp AUTH: nothing is sent in clear unless it may", async () => {
  const auth = authWith([]);
  const { report, received } = await send({ offered: "PLAIN", auth, mayGoInClear: false });
  assert.equal(shown(report), "deferred! null");
  assert.match(
    report.error ?? "",
    /^AUTH: the login is not sent in clear: set tls\.mode to requir/,
  );
  assert.doesNotMatch(received[0] ?? "", /AUTH|MAIL/);
  const secure = await send({ offered: "PLAIN", auth, mayGoInClear: false, isSecure: true });
  assert.equal(shown(secure.report), "sent 250");
});

Deno.test("smtp AUTH: a server that offers none, or none we know, is the relay's fault", async () => {
  const auth = authWith([]);
  const none = await send({ offered: "", auth });
  assert.equal(shown(none.report), "deferred! null");
  assert.match(
    none.report.error ?? "",
    /^AUTH: the server offers no login here: TLS is not in use .* set tls\.mode to required/,
  );
  const secure = await send({ offered: "", auth, isSecure: true });
  assert.match(secure.report.error ?? "", /^AUTH: the server offers no login here: remove user /);
  const unknown = await send({ offered: "CRAM-MD5 GSSAPI", auth });
  assert.match(
    unknown.report.error ?? "",
    /^AUTH: the server offers no login we know: "CRAM-MD5 GSSAPI", not SCRAM-SHA-256, PLAIN, LOGIN, /,
  );
});

Deno.test("smtp AUTH: a password that cannot be had is the relay's fault", async () => {
  const secret = { kind: "command", command: "exit 1" } as const;
  const { report, received } = await send({ offered: "PLAIN", auth: authWith([]), secret });
  assert.equal(shown(report), "deferred! null");
  assert.match(report.error ?? "", /^AUTH: password_command ended with status 1: run it by hand/);
  assert.doesNotMatch(received[0] ?? "", /AUTH/);
});

Deno.test("smtp AUTH: a server that asks without end is left", async () => {
  const auth = async (peer: Peer) => {
    for (;;) {
      peer.send("334 \r\n");
      await peer.line();
    }
  };
  const secret = { kind: "text", text: TOKEN } as const;
  const { report } = await send({ offered: "XOAUTH2", auth, secret });
  assert.equal(shown(report), "deferred! null");
  assert.equal(report.error, "AUTH: the server asks without end");
});
