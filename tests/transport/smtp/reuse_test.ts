import assert from "node:assert/strict";
import type { DeliveryReport, Transport } from "../../../src/queue/ports/transport.ts";
import { Connector } from "../../../src/transport/smtp/connection/connect.ts";
import { systemTimers } from "../../../src/system/time.ts";
import { deliveryOf, relayOn, unhindered } from "../../support/smtp_delivery.ts";
import {
  type Act,
  converse,
  EHLO_REPLY,
  EHLO_STEP_BY_STEP,
  hangUp,
  type Peer,
  PeerGone,
  scriptedServer,
  stall,
} from "../../support/smtp_script.ts";
import { SmtpServer } from "../../support/smtp_server.ts";
import { FakeTimers } from "../../support/smtp_timers.ts";

const ONE = deliveryOf(["a@example.com"]);

function kinds({ outcomes }: DeliveryReport): string[] {
  return outcomes.map(({ kind, isRelayFault }) => `${kind}${isRelayFault ? "!" : ""}`);
}

async function send(transport: Transport): Promise<string[]> {
  return kinds(await transport.deliver(ONE, unhindered()));
}

Deno.test("smtp: a hundred messages share a connection", async () => {
  await using server = new SmtpServer();
  const transport = relayOn(server.port).open();
  for (let i = 0; i < 100; i++) assert.deepEqual(await send(transport), ["sent"]);
  await transport.close();
  assert.equal(server.connections, 1);
  assert.equal(server.messages.length, 100);
});

/** What a server may do once it has answered the first message. */
const GOODBYES: readonly (readonly [string, (peer: Peer) => void])[] = [
  ["closes", (peer) => peer.close()],
  ["resets", (peer) => peer.reset()],
  ["half-closes", (peer) => peer.halfClose()],
  ["says 421 and closes", (peer) => {
    peer.send("421 4.4.2 idle\r\n");
    peer.close();
  }],
];

for (const [way, sayGoodbye] of GOODBYES) {
  Deno.test(`smtp: a kept connection that the server ${way} is replaced`, async () => {
    await using server = await scriptedServer((peer) =>
      converse(
        peer,
        peer.n > 0 ? {} : {
          dot: (peer) => {
            peer.send("250 2.0.0 ok\r\n");
            sayGoodbye(peer);
          },
        },
      )
    );
    const transport = relayOn(server.port).open();
    const first = await send(transport);
    // A reset may overtake the reply, which then is lost after the dot.
    if (way !== "resets") assert.deepEqual(first, ["sent"]);
    assert.deepEqual(await send(transport), ["sent"]);
    await transport.close();
    assert.equal(server.peers.length, 2);
  });
}

Deno.test("smtp: a goodbye in one piece with the last reply is understood", async () => {
  const dot = (peer: Peer) => {
    peer.send("250 2.0.0 ok\r\n421 4.4.2 leaving\r\n");
    return hangUp(peer);
  };
  await using server = await scriptedServer((peer) => converse(peer, peer.n > 0 ? {} : { dot }));
  const transport = relayOn(server.port).open();
  assert.deepEqual(await send(transport), ["sent"]);
  assert.deepEqual(await send(transport), ["sent"]);
  await transport.close();
  assert.doesNotMatch(server.peers[0]?.receivedText ?? "", /MAIL[^]*MAIL/);
});

Deno.test("smtp: a connection lost in the middle is replaced for the next message", async () => {
  await using server = await scriptedServer((peer) =>
    converse(peer, peer.n > 0 ? {} : { data: hangUp })
  );
  const transport = relayOn(server.port).open();
  assert.deepEqual(await send(transport), ["deferred"]);
  assert.deepEqual(await send(transport), ["sent"]);
  await transport.close();
});

Deno.test("smtp: a connection that cannot be reset is replaced", async () => {
  for (const ehlo of [EHLO_REPLY, EHLO_STEP_BY_STEP]) {
    const refusing = { ehlo, rcpt: () => "550 5.1.1 unknown", data: "503 no", rset: "500 what" };
    await using server = await scriptedServer((peer) =>
      converse(peer, peer.n > 0 ? { ehlo } : refusing)
    );
    const transport = relayOn(server.port).open();
    assert.deepEqual(await send(transport), ["failed"]);
    assert.deepEqual(await send(transport), ["sent"]);
    await transport.close();
    assert.equal(server.peers.length, 2);
  }
});

Deno.test("smtp: no empty message goes to those a server takes after it refused MAIL", async () => {
  await using server = await scriptedServer((peer) => converse(peer, { mail: "550 5.7.1 no" }));
  const transport = relayOn(server.port).open();
  assert.deepEqual(await send(transport), ["failed"]);
  await transport.close();
  assert.doesNotMatch(server.peers[0]?.receivedText ?? "", /DATA\r\n\./);
});

Deno.test("smtp: close after an uncertain hand-over frees the connection", async () => {
  await using server = await scriptedServer((peer) => converse(peer, { dot: stall }));
  const transport = relayOn(server.port, { dotMs: 10 }).open();
  assert.deepEqual(await send(transport), ["uncertain"]);
  await transport.close();
  await server.peers[0]?.gone;
});

for (const step of ["greeting", "ehlo", "mail", "data"] as const) {
  Deno.test(`smtp: a signal while waiting at ${step} stops the hand-over`, async () => {
    const controller = new AbortController();
    const act: Act = (peer) => {
      controller.abort();
      return stall(peer);
    };
    await using server = await scriptedServer((peer) => converse(peer, { [step]: act }));
    const transport = relayOn(server.port).open();
    const options = { onDataBegin: () => assert.fail("began"), signal: controller.signal };
    assert.deepEqual(kinds(await transport.deliver(ONE, options)), ["deferred"]);
    await transport.close();
    assert.equal(server.peers.length, 1);
  });
}

Deno.test("smtp: a signal that comes with the 354 stops before the content", async () => {
  const controller = new AbortController();
  const data = (peer: Peer) => {
    peer.send("354 go\r\n");
    controller.abort();
    throw new PeerGone("stopped");
  };
  await using server = await scriptedServer((peer) => converse(peer, { data }));
  const transport = relayOn(server.port).open();
  const options = { onDataBegin: () => assert.fail("began"), signal: controller.signal };
  assert.deepEqual(kinds(await transport.deliver(ONE, options)), ["deferred"]);
  await transport.close();
  assert.doesNotMatch(server.peers[0]?.receivedText ?? "", /Subject/);
});

Deno.test("smtp: a signal after the content has begun is not obeyed", async () => {
  for (const when of ["begin", "dot"]) {
    const controller = new AbortController();
    const dot = (peer: Peer) => {
      if (when === "dot") controller.abort();
      peer.send("250 2.0.0 ok\r\n");
    };
    await using server = await scriptedServer((peer) => converse(peer, { dot }));
    const transport = relayOn(server.port).open();
    const onDataBegin = () => {
      if (when === "begin") controller.abort();
    };
    const options = { onDataBegin, signal: controller.signal };
    assert.deepEqual(kinds(await transport.deliver(ONE, options)), ["sent"]);
    await transport.close();
  }
});

Deno.test("smtp: an onDataBegin that throws defers, and nothing goes out", async () => {
  await using server = new SmtpServer();
  const transport = relayOn(server.port).open();
  const onDataBegin = () => {
    throw new Error("disk full");
  };
  const report = await transport.deliver(ONE, { ...unhindered(), onDataBegin });
  assert.deepEqual(kinds(report), ["deferred"]);
  assert.match(report.traceback ?? "", /disk full/);
  assert.deepEqual(await send(transport), ["sent"]);
  await transport.close();
  assert.equal(server.messages.length, 1);
});

Deno.test("Connector: what connects after the signal or the limit is closed unused", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  for (const way of ["stopped", "timeout"]) {
    const controller = new AbortController();
    const timers = new FakeTimers();
    const options = { host: "127.0.0.1", port, limitMs: 30_000, timers, signal: controller.signal };
    const connecting = new Connector().connect(options);
    if (way === "stopped") controller.abort();
    else timers.pass(30_000);
    await assert.rejects(connecting, { kind: way });
    using peer = await listener.accept();
    assert.equal(await peer.read(new Uint8Array(1)), null);
    assert.equal(timers.pending, 0);
  }
});

Deno.test("Connector: leaves neither timer nor listener behind", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const { signal } = new AbortController();
  const options = { host: "127.0.0.1", port, limitMs: 30_000, timers: systemTimers, signal };
  const [wire, peer] = await Promise.all([new Connector().connect(options), listener.accept()]);
  await wire.write(new Uint8Array([1]));
  assert.equal(await peer.read(new Uint8Array(9)), 1);
  wire.close();
  wire.close();
  assert.equal(await peer.read(new Uint8Array(1)), null);
  peer.close();
});
