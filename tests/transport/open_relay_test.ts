import assert from "node:assert/strict";
import { MailqError } from "../../src/queue/errors.ts";
import type { RelayRequest, RelayTarget } from "../../src/queue/relay_target.ts";
import { openRelay } from "../../src/transport/open_relay.ts";
import type { RelayContext } from "../../src/transport/relay_context.ts";
import { effectiveMode } from "../../src/transport/smtp/open_smtp_relay.ts";
import { authWith } from "../support/smtp_auth.ts";
import { deliveryOf, unhindered } from "../support/smtp_delivery.ts";
import { converse, EHLO_TLS, scriptedServer } from "../support/smtp_script.ts";
import { SmtpServer } from "../support/smtp_server.ts";
import { WayOut } from "../support/way_out.ts";
import { CA_PATH, SERVER } from "../support/tls_certificates.ts";

const context: RelayContext = { heloName: "client.example", write: () => Promise.resolve() };

const SMTP = {
  kind: "smtp",
  host: "127.0.0.1",
  port: 25,
  isImplicitTls: false,
  login: null,
} as const;

function request(target: RelayTarget, more: Partial<RelayRequest> = {}): RelayRequest {
  const tls = { mode: "off", isModeWritten: false, ca: null, fingerprint: null } as const;
  return {
    name: "default",
    target,
    user: null,
    password: null,
    tls,
    auth: null,
    recipientLimit: null,
    ...more,
  };
}

async function refusal(asked: RelayRequest, by: RelayContext = context): Promise<string> {
  try {
    await openRelay(asked, by);
  } catch (error) {
    assert.ok(error instanceof MailqError);
    assert.equal(error.code, "config_invalid");
    return error.message;
  }
  throw new Error("expected the relay to be refused");
}

Deno.test("openRelay: smtp sends", async () => {
  await using server = new SmtpServer();
  const relay = await openRelay(request({ ...SMTP, port: server.port }), context);
  assert.equal(relay.name, "default");
  const transport = relay.open();
  const report = await transport.deliver(deliveryOf(["a@example.com"]), unhindered());
  await transport.close();
  assert.equal(report.outcomes[0]?.kind, "sent");
  assert.equal(report.host, `127.0.0.1:${server.port}`);
  assert.equal(server.messages.length, 1);
});

Deno.test("openRelay: console writes envelope and message", async () => {
  let text = "";
  const write = (bytes: Uint8Array) => {
    text += new TextDecoder().decode(bytes);
    return Promise.resolve();
  };
  const transport = (await openRelay(request({ kind: "console" }), { ...context, write })).open();
  await transport.deliver(deliveryOf(["a@x.y", "b@x.y"], "Subject: s\r\n\r\nb\r\n"), unhindered());
  assert.equal(
    text,
    "--- 0123456789ab from <sender@example.com> to <a@x.y> <b@x.y>\n" +
      "Subject: s\r\n\r\nb\r\n--- end of 0123456789ab\n",
  );
});

Deno.test("openRelay: null takes everything", async () => {
  const transport = (await openRelay(request({ kind: "null" }), context)).open();
  const report = await transport.deliver(deliveryOf(["a@example.com"]), unhindered());
  assert.equal(report.outcomes[0]?.kind, "sent");
});

Deno.test("openRelay: programs, folders and files get the message", async () => {
  await using way = await WayOut.make();
  const program = await way.script("sendmail", 'cat > "$HERE/sendmail-got"');
  const targets: RelayTarget[] = [
    { kind: "sendmail", path: program },
    { kind: "exec", command: `cat > ${way.path}/exec-got` },
    { kind: "maildir", path: `${way.path}/maildir` },
    { kind: "file", path: `${way.path}/mbox` },
  ];
  for (const target of targets) {
    const relay = await openRelay(request(target), context);
    const report = await relay.open().deliver(deliveryOf(["a@example.com"]), unhindered());
    assert.equal(report.outcomes[0]?.kind, "sent", target.kind);
  }
  const [name = ""] = way.names("maildir/new");
  assert.match(name, /\.client\.example$/);
  for (const path of ["sendmail-got", "exec-got", `maildir/new/${name}`, "mbox"]) {
    assert.match(way.read(path), /Hello\r?\n/, path);
  }
});

Deno.test("openRelay: a sendmail program that is mailq itself is refused", async () => {
  await using way = await WayOut.make();
  const ownPath = await way.script("mailq", "exit 0");
  await Deno.symlink(ownPath, `${way.path}/sendmail`);
  await Deno.link(ownPath, `${way.path}/hard`);
  const own = { ...context, ownPath };
  for (const path of [ownPath, `${way.path}/sendmail`, `${way.path}/hard`]) {
    const target = { kind: "sendmail", path } as const;
    assert.match(await refusal(request(target), own), /that is mailq itself/);
  }
  const other = await way.script("other", "exit 0");
  for (const path of [other, `${way.path}/missing`]) {
    assert.ok(await openRelay(request({ kind: "sendmail", path }), own));
  }
});

Deno.test("openRelay: the program of a relay cannot hand mail to a program", async () => {
  const nested = { ...context, env: { MAILQ_RELAYING: "outer" } };
  const targets: RelayTarget[] = [
    { kind: "sendmail", path: "/bin/true" },
    { kind: "exec", command: "true" },
  ];
  for (const target of targets) {
    assert.match(await refusal(request(target), nested), /the program of the relay "outer"/);
  }
  assert.ok(await openRelay(request({ kind: "file", path: "/x" }), nested));
});

Deno.test("openRelay: TLS settings that cannot be used are refused", async () => {
  assert.match(
    await refusal(request({ ...SMTP, isImplicitTls: true })),
    /Cannot use smtps: without TLS: for the relay "default" tls\.mode is off; expected required/,
  );
  const pinned = { mode: "off", isModeWritten: true, ca: null, fingerprint: "ab".repeat(32) };
  assert.match(
    await refusal(request(SMTP, { tls: { ...pinned, mode: "off" } })),
    /Cannot look for a certificate without TLS: .* tls\.mode is off; expected required/,
  );
  const tls = { mode: "required", isModeWritten: true, fingerprint: null } as const;
  assert.match(
    await refusal(request(SMTP, { tls: { ...tls, ca: "/nowhere/ca.pem" } })),
    /Cannot read tls\.ca of the relay "default": .*\/nowhere\/ca\.pem/,
  );
  const ca = new URL(import.meta.url).pathname;
  assert.match(
    await refusal(request(SMTP, { tls: { ...tls, ca } })),
    /Cannot use ".*open_relay_test\.ts" as tls\.ca of the relay "default": expected certificates/,
  );
});

Deno.test("openRelay: TLS is begun with the authorities of the settings", async () => {
  await using server = await scriptedServer((peer) =>
    converse(peer, { ehlo: EHLO_TLS, tls: SERVER })
  );
  const tls = { mode: "required", isModeWritten: true, ca: CA_PATH, fingerprint: null } as const;
  const relay = await openRelay(request({ ...SMTP, port: server.port }, { tls }), context);
  const transport = relay.open();
  const report = await transport.deliver(deliveryOf(["a@example.com"]), unhindered());
  await transport.close();
  assert.equal(report.tls, "TLSv1.3");
});

Deno.test("openRelay: logs in with what the settings name, or systemd's credential", async () => {
  const seen: string[] = [];
  const ehlo = "250-x\r\n250 AUTH LOGIN";
  await using server = await scriptedServer((peer) =>
    converse(peer, { ehlo, auth: authWith(seen) })
  );
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/mailq-password-default`, "from systemd\n");
  for (const password of [{ kind: "text", text: "given" } as const, null]) {
    const asked = request({ ...SMTP, port: server.port }, { user: "me", password });
    const relay = await openRelay(asked, { ...context, credentialsFolder: folder });
    const transport = relay.open();
    const report = await transport.deliver(deliveryOf(["a@example.com"]), unhindered());
    await transport.close();
    assert.equal(report.outcomes[0]?.kind, "sent", report.error ?? "");
  }
  await Deno.remove(folder, { recursive: true });
  assert.deepEqual(seen, ["LOGIN me|given", "LOGIN me|from systemd"]);
  const password = { kind: "text", text: "pw" } as const;
  assert.match(
    await refusal(request(SMTP, { password })),
    /^Cannot log in to the relay "default" without a user: expected relay\.default\.user$/,
  );
});

Deno.test("openRelay: the family that reached a relay is kept", async () => {
  // 127.0.0.1 and ::1: only the first of them listens.
  await using server = await scriptedServer((peer) => converse(peer));
  const noted: (4 | 6)[] = [];
  const memory = {
    get: () => 6 as const,
    note: (found: 4 | 6) => void noted.push(found),
    noteCertificate() {},
  };
  const target = { ...SMTP, host: "localhost", port: server.port };
  const transport = (await openRelay(request(target), { ...context, memory })).open();
  const report = await transport.deliver(deliveryOf(["a@example.com"]), unhindered());
  await transport.close();
  assert.equal(report.outcomes[0]?.kind, "sent", report.error ?? "");
  assert.deepEqual(noted, [4]);
});

Deno.test("openRelay: lmtp speaks LMTP, over TCP and over a socket", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/lmtp`;
  for (const at of [undefined, { path }]) {
    await using server = await scriptedServer((peer) => converse(peer), at);
    const target: RelayTarget = at === undefined
      ? { kind: "lmtp", host: "127.0.0.1", port: server.port }
      : { kind: "lmtp_socket", path };
    const transport = (await openRelay(request(target), context)).open();
    const report = await transport.deliver(deliveryOf(["a@example.com"]), unhindered());
    await transport.close();
    assert.equal(report.outcomes[0]?.kind, "sent", report.error ?? "");
    assert.match(server.peers[0]?.receivedText ?? "", /^LHLO client\.example\r\nMAIL/);
    assert.equal(report.host, at === undefined ? `127.0.0.1:${server.port}` : path);
  }
  await Deno.remove(folder, { recursive: true });
  const socket = { kind: "lmtp_socket", path } as const;
  const tls = { mode: "required", isModeWritten: true, ca: null, fingerprint: null } as const;
  assert.match(await refusal(request(socket, { tls })), /Cannot use TLS over a socket .* off$/);
  assert.match(await refusal(request(socket, { user: "me" })), /LMTP has no login/);
});

Deno.test("effectiveMode: a login over a network makes TLS a must", () => {
  assert.equal(effectiveMode("opportunistic", { hasLogin: true, host: "relay.test" }), "required");
  assert.equal(
    effectiveMode("opportunistic", { hasLogin: true, host: "localhost" }),
    "opportunistic",
  );
  assert.equal(
    effectiveMode("opportunistic", { hasLogin: false, host: "relay.test" }),
    "opportunistic",
  );
  assert.equal(effectiveMode("required", { hasLogin: false, host: "localhost" }), "required");
});
