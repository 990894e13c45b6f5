import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { converse, hangUp, type Replies, scriptedServer } from "../../support/smtp_script.ts";
import { SmtpServer } from "../../support/smtp_server.ts";

/** A port on which nobody listens. */
function closedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Sends one mail by the settings in `toml` and returns what `show` tells of it. */
async function sendBy(toml: string, strict = 0) {
  // What uses up a retry fails for good.
  await using mailq = await Mailq.make({ MAILQ_RETRY_MAX: "0" });
  await Deno.writeTextFile(`${mailq.folder}/mailq.toml`, toml);
  const id = await mailq.enqueue(mail());
  const { code, stderr } = await mailq.run(["send", "--strict"]);
  assert.equal(code, strict, stderr);
  const [message] = await mailq.json(["show", id]);
  return message;
}

const results = (message: { attempts: { relay: string; result: string }[] }) =>
  message.attempts.map(({ relay, result }) => `${relay} ${result}`);

Deno.test("fallback: a host's next address is tried where the first takes no connection", async () => {
  // localhost is 127.0.0.1 and ::1; the server is at the second alone.
  await using server = await scriptedServer((peer) => converse(peer), { host: "::1", port: 0 });
  const message = await sendBy(`transport = "smtp://localhost:${server.port}"\n`);
  assert.deepEqual(results(message), ["default sent"]);
  assert.equal(server.peers.length, 1);
});

Deno.test("fallback: where no address takes a connection each is named with its reason", async () => {
  const port = closedPort();
  const message = await sendBy(`transport = "smtp://localhost:${port}"\n`, 69);
  assert.equal(message.status, "deferred");
  assert.match(
    message.attempts[0].error,
    RegExp(`^Connecting to localhost:${port}: .+ \\(127\\.0\\.0\\.1\\), .+ \\(::1\\)$`),
  );
});

const LOGIN_REFUSED: Replies = {
  ehlo: "250-x\r\n250 AUTH PLAIN",
  auth: (peer) => Promise.resolve(peer.send("535 5.7.8 no\r\n")),
};

for (
  const [what, replies, user] of [
    ["is closed", null, ""],
    ["greets with a refusal", { greeting: "554 5.3.2 not here" }, ""],
    ["hangs up", { greeting: hangUp }, ""],
    ["speaks no SMTP", { greeting: "HTTP/1.1 400 Bad Request" }, ""],
    ["refuses our login", LOGIN_REFUSED, "user:password@"],
  ] as const
) {
  Deno.test(`fallback: a relay that ${what} leaves its mail to the next of the route`, async () => {
    await using first = await scriptedServer((peer) => converse(peer, replies ?? {}));
    await using second = new SmtpServer();
    const port = replies === null ? closedPort() : first.port;
    const message = await sendBy(`
      [relay.first]
      url = "smtp://${user}127.0.0.1:${port}"
      [relay.second]
      url = "${second.url}"
      [[route]]
      relays = ["first", "second"]
    `);
    assert.deepEqual(results(message), ["first deferred", "second sent"]);
    assert.equal(message.recipients[0].retries_used, 0);
    assert.equal(second.messages.length, 1);
  });
}

Deno.test("fallback: a relay that refuses the message itself leaves it to nobody", async () => {
  await using first = new SmtpServer({ onRcpt: () => "550 5.1.1 No such user" });
  await using second = new SmtpServer();
  const message = await sendBy(
    `
      [relay.first]
      url = "${first.url}"
      [relay.second]
      url = "${second.url}"
      [[route]]
      relays = ["first", "second"]
    `,
    69,
  );
  assert.deepEqual([results(message), message.status], [["first failed"], "failed"]);
  assert.equal(second.connections, 0);
});
