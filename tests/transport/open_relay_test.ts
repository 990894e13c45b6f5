import assert from "node:assert/strict";
import { MailqError } from "../../src/queue/errors.ts";
import type { RelayTarget } from "../../src/queue/relay_target.ts";
import { openRelay, type RelayContext, type RelayRequest } from "../../src/transport/open_relay.ts";
import { deliveryOf, unhindered } from "../support/smtp_delivery.ts";
import { SmtpServer } from "../support/smtp_server.ts";
import { WayOut } from "../support/way_out.ts";

const context: RelayContext = { heloName: "client.example", write: () => Promise.resolve() };

const SMTP = {
  kind: "smtp",
  host: "127.0.0.1",
  port: 25,
  isImplicitTls: false,
  login: null,
} as const;

function request(target: RelayTarget, more: Partial<RelayRequest> = {}): RelayRequest {
  return { name: "default", target, hasLogin: false, requiresTls: false, ...more };
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

Deno.test("openRelay: what this version cannot do is refused, not left out", async () => {
  assert.match(await refusal(request(SMTP, { hasLogin: true })), /with a login/);
  assert.match(await refusal(request(SMTP, { requiresTls: true })), /with TLS/);
  assert.match(await refusal(request({ ...SMTP, isImplicitTls: true })), /with TLS/);
  const lmtp = request({ kind: "lmtp_socket", path: "/x" });
  assert.match(await refusal(lmtp), /smtp:, sendmail:, exec:, maildir:, file:, console: or null:/);
});
