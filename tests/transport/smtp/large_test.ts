import assert from "node:assert/strict";
import type { DeliveryReport } from "../../../src/queue/ports/transport.ts";
import { deliveryOf, inPieces, relayOn, unhindered } from "../../support/smtp_delivery.ts";
import {
  converse,
  EHLO_REPLY,
  EHLO_STEP_BY_STEP,
  type Peer,
  PeerGone,
  scriptedServer,
} from "../../support/smtp_script.ts";
import { SmtpServer } from "../../support/smtp_server.ts";

function addresses(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `r${i}@example.com`);
}

function tallied({ outcomes }: DeliveryReport): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of outcomes) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** 5 MB of which every second line begins with a dot. */
const LARGE = new TextEncoder().encode(
  `${".".repeat(70)}\r\n${"x".repeat(70)}\r\n`.repeat(36_000),
);

/** Content that goes on for as long as somebody takes it, and a count of its pieces. */
function endless(...recipients: string[]) {
  const piece = new TextEncoder().encode(`${"x".repeat(262_142)}\r\n`);
  const read = { pieces: 0 };
  const content = async function* () {
    for (;; read.pieces++) yield await Promise.resolve(piece);
  };
  return { read, delivery: { ...deliveryOf(recipients), content } };
}

Deno.test("smtp: 10,000 recipients with long replies do not block either side", async () => {
  const filler = "x".repeat(480);
  await using server = await scriptedServer((peer) =>
    converse(peer, { rcpt: (_, n) => n % 2 ? `250 2.1.5 ${filler}` : `550 5.1.1 ${filler}` })
  );
  const transport = relayOn(server.port).open();
  const report = await transport.deliver(deliveryOf(addresses(10_000)), unhindered());
  await transport.close();
  assert.deepEqual(tallied(report), { sent: 5_000, failed: 5_000 });
  assert.deepEqual(report.outcomes.slice(0, 2).map(({ kind }) => kind), ["failed", "sent"]);
  assert.ok(new TextEncoder().encode(report.transcript ?? "").length <= 65_536);
});

Deno.test("smtp: a relay that takes 100 recipients is not asked 10,000 times again", async () => {
  for (const extensions of [["PIPELINING"], []]) {
    let asked = 0;
    await using server = new SmtpServer({
      extensions,
      maxRecipients: 100,
      onRcpt() {
        asked++;
        return null;
      },
    });
    const transport = relayOn(server.port).open();
    const report = await transport.deliver(deliveryOf(addresses(1_950)), unhindered());
    await transport.close();
    assert.deepEqual(tallied(report), { sent: 1_950 });
    assert.equal(server.messages.length, 20);
    assert.deepEqual(server.messages.flatMap(({ to }) => to), addresses(1_950));
    assert.equal(asked, 1_950);
    assert.equal(server.connections, 1);
  }
});

Deno.test("smtp: large content arrives whole, from memory and in pieces", async () => {
  await using server = new SmtpServer();
  const transport = relayOn(server.port).open();
  const whole = deliveryOf(["a@example.com"], LARGE);
  for (const delivery of [whole, inPieces(whole, 262_144), inPieces(whole, 100_003)]) {
    const report = await transport.deliver(delivery, unhindered());
    assert.deepEqual(tallied(report), { sent: 1 });
    const { data } = server.messages.pop() ?? { data: null };
    assert.ok(data !== null && isSame(data, LARGE));
  }
  await transport.close();
});

Deno.test("smtp: content just below and above one write arrives whole", async () => {
  await using server = new SmtpServer();
  const transport = relayOn(server.port).open();
  for (let size = 65_536 - 8; size <= 65_536 + 2; size++) {
    const text = `${"y".repeat(size - 2)}\r\n`;
    await transport.deliver(deliveryOf(["a@example.com"], text), unhindered());
    assert.equal(server.messages.at(-1)?.data.length, size);
  }
  await transport.close();
});

Deno.test("smtp: a server that stops taking content defers, and reading stops with it", async () => {
  const data = async (peer: Peer) => {
    peer.stopReading();
    peer.send("354 go\r\n");
    await peer.gone;
    throw new PeerGone("stopped reading");
  };
  await using server = await scriptedServer((peer) => converse(peer, { data }));
  const transport = relayOn(server.port, { blockMs: 50 }).open();
  const { delivery, read } = endless("a@x.y");
  const report = await transport.deliver(delivery, unhindered());
  // Nobody reads the FIN of a connection whose bytes are not read.
  for (const peer of server.peers) peer.destroy();
  await transport.close();
  assert.deepEqual(tallied(report), { deferred: 1 });
  assert.match(report.error ?? "", /^Sending the content: the server took no more bytes in time$/);
  assert.ok(read.pieces < 500, `${read.pieces} pieces read`);
});

Deno.test("smtp: an answer before the end of the content counts once that has ended", async () => {
  const early = { data: "354 go\r\n552 5.3.4 too big\r\n", dot: () => {} };
  for (const ehlo of [EHLO_REPLY, EHLO_STEP_BY_STEP]) {
    await using server = await scriptedServer((peer) => converse(peer, { ehlo, ...early }));
    const transport = relayOn(server.port).open();
    for (let i = 0; i < 3; i++) {
      const report = await transport.deliver(deliveryOf(["a@x.y"], LARGE), unhindered());
      assert.deepEqual(tallied(report), { failed: 1 });
      assert.equal(report.outcomes[0]?.enhanced, "5.3.4");
    }
    await transport.close();
    assert.equal(server.peers.length, 1);
  }
});

Deno.test("smtp: a reset in the middle of the content defers", async () => {
  const data = async (peer: Peer) => {
    peer.send("354 go\r\n");
    await peer.waitForBytes(100_000);
    peer.reset();
    throw new PeerGone("reset");
  };
  await using server = await scriptedServer((peer) => converse(peer, { data }));
  const transport = relayOn(server.port).open();
  const report = await transport.deliver(endless("a@x.y", "b@x.y").delivery, unhindered());
  await transport.close();
  assert.deepEqual(tallied(report), { deferred: 2 });
  assert.match(report.error ?? "", /^Sending the content: /);
});

Deno.test("smtp: a server that says why it hangs up on content is quoted", async () => {
  const data = async (peer: Peer) => {
    peer.send("354 go\r\n");
    await peer.waitForBytes(100_000);
    peer.stopReading();
    peer.send("552 5.3.4 too big\r\n");
    peer.close();
    throw new PeerGone("closed");
  };
  await using server = await scriptedServer((peer) => converse(peer, { data }));
  const transport = relayOn(server.port).open();
  const report = await transport.deliver(endless("a@x.y").delivery, unhindered());
  await transport.close();
  assert.deepEqual(tallied(report), { failed: 1 });
  assert.equal(report.error, "Sending the content: 552 5.3.4 too big");
});
