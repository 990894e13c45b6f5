import assert from "node:assert/strict";
import { hashSync } from "bcryptjs";
import { endChild, Heard, runChild, startChild } from "../support/child.ts";
import { Mailq } from "../support/mailq.ts";
import { CA_PATH } from "../support/tls_certificates.ts";
import { Running } from "../e2e/support/running.ts";
import { type Neighbour, Network } from "./networks.ts";
import { require } from "./requirements.ts";

const PYTHON = "/usr/bin/python3";
const TLS = new URL("../fixtures/tls/", import.meta.url).pathname;

/** `mailq run` that listens on an address of the network, for one neighbour and for who logs in. */
async function listening(network: Network, friend: Neighbour, more = "") {
  const mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  await Deno.writeTextFile(`${mailq.folder}/users`, `ann:${hashSync("pass", 6)}\n`);
  await Deno.writeTextFile(
    `${mailq.folder}/mailq.toml`,
    `[listen]
smtp = "${network.address}:0"
allow = "${friend.address}/32"
users = "${mailq.folder}/users"
tls.cert = "${TLS}server.pem"
tls.key = "${TLS}key.pem"
${more}`,
  );
  const run = await Running.service(mailq);
  await run.said(/listening on \S+:\d+/);
  const [, port = ""] = /listening on \S+:(\d+)/.exec(run.stderr) ?? [];
  return {
    port,
    taken: async () => (await mailq.json(["list", "--limit", "0"])).map(({ subject }) => subject),
    async [Symbol.asyncDispose]() {
      await run.stop();
      await run[Symbol.asyncDispose]();
      await mailq[Symbol.asyncDispose]();
    },
  };
}

/** Runs lines of Python at a neighbour's; returns what they print. */
async function python(neighbour: Neighbour, lines: string): Promise<string> {
  const { code, stdout, stderr } = await runChild(neighbour.command(PYTHON, "-c", lines));
  assert.equal(code, 0, stderr);
  return stdout.trim();
}

const send = (host: string, port: string, subject: string, login = "") => `
import smtplib, ssl
from email.message import EmailMessage
m = EmailMessage(); m["From"] = "ann@sender.test"; m["To"] = "bob@receiver.test"
m["Subject"] = "${subject}"; m.set_content("Hi")
with smtplib.SMTP("${host}", ${port}) as s:
    try:
${login}
        s.send_message(m); print("taken")
    except smtplib.SMTPException as error: print(type(error).__name__, error)
`;

const LOGIN = `
        tls = ssl.create_default_context(cafile="${CA_PATH}"); tls.check_hostname = False
        s.starttls(context=tls); s.login("ann", "pass")`;

Deno.test("listeners: over a network, who is allowed or logs in may send, and nobody else", async () => {
  require(PYTHON);
  await using network = await Network.make(2);
  const [friend, stranger] = network.neighbours;
  assert.ok(friend !== undefined && stranger !== undefined);
  await using service = await listening(network, friend);
  const { address } = network;
  const ask = (who: Neighbour, subject: string, login = "") =>
    python(who, send(address, service.port, subject, login));
  assert.equal(await ask(friend, "allowed"), "taken");
  assert.match(await ask(stranger, "refused"), /^SMTP\w+ .*\b5\d\d\b/);
  assert.equal(await ask(stranger, "logged in", LOGIN), "taken");
  const wrong = LOGIN.replace('"pass"', '"guess"');
  assert.match(await ask(stranger, "guessed", wrong), /^SMTPAuthenticationError/);
  assert.deepEqual((await service.taken()).toSorted(), ["allowed", "logged in"]);
});

Deno.test("listeners: 1,000 idle and 200 dripping connections of a neighbour hold up no other", async () => {
  require(PYTHON);
  await using network = await Network.make(2);
  const [friend, stranger] = network.neighbours;
  assert.ok(friend !== undefined && stranger !== undefined);
  await using service = await listening(network, friend);
  const { address } = network;
  const flood = startChild(stranger.command(
    PYTHON,
    "-c",
    `
import signal, socket, sys, threading, time
idle = []; dripping = []
for n in range(1200):
    try:
        s = socket.create_connection(("${address}", ${service.port}), 5)
        (dripping if n % 6 == 0 else idle).append(s)
    except OSError: pass
print(len(idle), len(dripping), file=sys.stderr, flush=True)
def drip():
    while True:
        for s in dripping:
            try: s.send(b"x")
            except OSError: pass
        time.sleep(0.01)
threading.Thread(target=drip, daemon=True).start()
signal.pause()
`,
  ));
  const heard = new Heard(flood.stderr);
  try {
    await heard.said(/^1000 200$/m);
    const lines = send(address, service.port, "beside").replace(
      "s.send_message(m); print",
      "[s.send_message(m) for n in range(20)]; print",
    );
    const from = performance.now();
    assert.equal(await python(friend, lines), "taken");
    const eachMs = (performance.now() - from) / 20;
    // An idle machine takes 10 ms; a dead one minutes.
    assert.ok(eachMs < 1_000, `${eachMs} ms a mail`);
  } finally {
    await endChild(flood);
    await heard.end;
    await flood.stdout.cancel();
  }
  assert.equal((await service.taken()).length, 20);
});
