import assert from "node:assert/strict";
import { greetingLimit, withHint } from "../../../../src/transport/smtp/session/hints.ts";
import type { SessionTls } from "../../../../src/transport/smtp/session/open_session.ts";

const request = { host: "relay.test", mustVerify: true, ca: null, pin: null };
const STARTTLS: SessionTls = { request, isImplicit: false, isRequired: true };
const IMPLICIT: SessionTls = { ...STARTTLS, isImplicit: true };
const at = (port: number) => ({ kind: "tcp", host: "relay.test", port }) as const;

Deno.test("hints: port 465 in clear", () => {
  const told = { phase: "greeting", text: "no reply came in time", endpoint: at(465) } as const;
  const hint =
    "no reply came in time: port 465 speaks TLS from the first byte: write smtps:// in " +
    "its URL";
  for (const kind of ["timeout", "lost", "garbage"] as const) {
    for (const tls of [null, STARTTLS]) assert.equal(withHint({ ...told, kind, tls }), hint);
  }
  for (
    const other of [
      { ...told, kind: "timeout", tls: IMPLICIT },
      { ...told, kind: "stopped", tls: null },
      { ...told, kind: "timeout", tls: null, endpoint: at(25) },
      { ...told, kind: "timeout", tls: null, phase: "hello" },
    ] as const
  ) assert.equal(withHint(other), told.text);
});

Deno.test("hints: the greeting of port 465 is not waited for in clear", () => {
  assert.equal(greetingLimit(300_000, at(465), null), 15_000);
  assert.equal(greetingLimit(300_000, at(465), STARTTLS), 15_000);
  assert.equal(greetingLimit(1_000, at(465), null), 1_000);
  assert.equal(greetingLimit(300_000, at(465), IMPLICIT), 300_000);
  assert.equal(greetingLimit(300_000, at(25), null), 300_000);
  assert.equal(greetingLimit(300_000, { kind: "unix", path: "/run/lmtp" }, null), 300_000);
});

Deno.test("hints: TLS that cannot be begun", () => {
  const cases: readonly [text: string, tls: SessionTls, expected: RegExp][] = [
    [
      "received corrupt message of type InvalidContentType",
      IMPLICIT,
      /^the server speaks in clear at first here: write smtp:\/\/ .*\(received corrupt message/,
    ],
    [
      "received corrupt message of type InvalidContentType",
      STARTTLS,
      /^what the server sent as TLS/,
    ],
    ["received fatal alert: HandshakeFailure", STARTTLS, /^the server's TLS is too old: TLS 1\.2 /],
    ["received fatal alert: ProtocolVersion", IMPLICIT, /^the server's TLS is too old: /],
    ["dh key too small", STARTTLS, /^the server's TLS is too old: /],
    ["the server closed the connection", STARTTLS, /connection while TLS began \(unexpected EOF\)/],
    ["unexpected end of file", IMPLICIT, /^unexpected end of file while TLS began/],
    ["Connection reset by peer", IMPLICIT, /^Connection reset by peer$/],
  ];
  for (const [text, tls, expected] of cases) {
    const told = withHint({ phase: "tls", kind: "tls", text, endpoint: at(25), tls });
    assert.match(told, expected);
  }
  const text = "the certificate has expired";
  const doubt = {
    phase: "tls",
    kind: "certificate",
    text,
    endpoint: at(25),
    tls: STARTTLS,
  } as const;
  assert.equal(withHint(doubt), text);
});
