import assert from "node:assert/strict";
import type { DeliveryReport } from "../../../src/queue/ports/transport.ts";
import { smtpRelay } from "../../../src/transport/smtp/relay.ts";
import type { Timeouts } from "../../../src/transport/smtp/connection/timers.ts";
import { deliveryOf, relayOn, unhindered } from "../../support/smtp_delivery.ts";
import {
  type Act,
  converse,
  EHLO_REPLY,
  EHLO_STEP_BY_STEP,
  halfClose,
  hangUp,
  type Peer,
  type Replies,
  reset,
  scriptedServer,
  stall,
} from "../../support/smtp_script.ts";
import { FakeTimers } from "../../support/smtp_timers.ts";

const RECIPIENTS = ["a@example.com", "b@example.com", "c@example.com"];
/** For steps at which the server never answers. */
const LIMIT_MS = 20;

type Phase = "greeting" | "ehlo" | "mail" | "rcpt" | "data" | "dot";

const LIMITS: Readonly<Record<Phase, Partial<Timeouts>>> = {
  greeting: { greetingMs: LIMIT_MS },
  ehlo: { helloMs: LIMIT_MS },
  mail: { mailMs: LIMIT_MS },
  // Long enough for the recipient before, who is answered.
  rcpt: { rcptMs: 10 * LIMIT_MS },
  data: { dataMs: LIMIT_MS },
  dot: { dotMs: LIMIT_MS },
};

const send = (text: string, then: (peer: Peer) => void | Promise<void>) => (peer: Peer) => {
  peer.send(text);
  return then(peer);
};

/** Ways to break off, and whether the relay is at fault before the dot. */
const WAYS: readonly (readonly [string, Act, boolean])[] = [
  ["a reset", reset, false],
  ["hanging up", hangUp, false],
  ["half-closing", halfClose, false],
  ["a stall", stall, false],
  ["garbage", "\x16\x03\x01 what?\r\n", true],
  ["binary garbage", Uint8Array.from([0, 255, 10, 0, 13, 10]), true],
  ["a line without an end", "250 ".padEnd(5_000, "x") + "\n", true],
  ["a reply without an end", "250-more\r\n".repeat(3_000), true],
  ["replies that contradict themselves", "250-yes\r\n550 no\r\n", true],
  ["half a line, then hanging up", send("25", hangUp), false],
  ["half a reply, then hanging up", send("250-yes\r\n250", hangUp), false],
  ["half a reply, then a stall", send("250-yes\r\n250 and", stall), false],
];

for (const ehlo of [EHLO_REPLY, EHLO_STEP_BY_STEP]) {
  const how = ehlo === EHLO_REPLY ? "pipelined" : "step by step";
  for (const phase of ["greeting", "ehlo", "mail", "rcpt", "data", "dot"] as const) {
    for (const [way, act, isGarbage] of WAYS) {
      Deno.test(`smtp ${how}: ${way} at ${phase}`, async () => {
        const replies = phase === "rcpt"
          ? { ehlo, rcpt: (address: string) => byRecipient(address, act) }
          : { ehlo, [phase]: act };
        const report = await deliver(replies, way.endsWith("stall") ? LIMITS[phase] : {});
        const isSetup = phase === "greeting" || phase === "ehlo";
        const outcome = phase === "dot"
          ? "uncertain"
          : isSetup || isGarbage
          ? "deferred!"
          : "deferred";
        const first = phase === "rcpt" ? "failed" : outcome;
        assert.deepEqual(shown(report), [first, outcome, outcome]);
        assert.ok(report.error);
        assert.ok(report.transcript);
      });
    }
  }
}

function byRecipient(address: string, act: Act): Act {
  if (address.startsWith("a")) return "550 5.1.1 unknown";
  return address.startsWith("b") ? act : "250 2.1.5 ok";
}

async function deliver(replies: Replies, limits: Partial<Timeouts>): Promise<DeliveryReport> {
  await using server = await scriptedServer((peer) => converse(peer, replies));
  const transport = relayOn(server.port, limits).open();
  const report = await transport.deliver(deliveryOf(RECIPIENTS), unhindered());
  await transport.close();
  assert.equal(server.peers.length, 1);
  return report;
}

function shown({ outcomes }: DeliveryReport): string[] {
  return outcomes.map(({ kind, isRelayFault }) => `${kind}${isRelayFault ? "!" : ""}`);
}

Deno.test("smtp: nobody listening is the relay's fault", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const transport = relayOn(port).open();
  const report = await transport.deliver(deliveryOf(RECIPIENTS), unhindered());
  await transport.close();
  assert.deepEqual(shown(report), ["deferred!", "deferred!", "deferred!"]);
  assert.match(report.error ?? "", /^Connecting to 127\.0\.0\.1:\d+: Connection refused$/);
  assert.equal(report.host, `127.0.0.1:${port}`);
});

Deno.test("smtp: what came before the break can be read in the transcript", async () => {
  const report = await deliver({ mail: send("250-half\r\n25", hangUp) }, {});
  assert.match(report.transcript ?? "", /S: 220 script\.example ESMTP\n/);
  assert.match(report.transcript ?? "", /C: MAIL FROM:<sender@example\.com>/);
  assert.match(report.transcript ?? "", /S: 250-half\n.*S: 25\n/);
  assert.match(report.error ?? "", /^MAIL FROM: the server closed the connection$/);
});

Deno.test("smtp: a reply that drips has one deadline, not one for each byte", async () => {
  const timers = new FakeTimers();
  const drip = async (peer: Peer) => {
    for (const piece of ["250-a", "\r\n250", "-b\r\n"]) {
      peer.send(piece);
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
      timers.pass(2 * 60_000);
    }
    await stall(peer);
  };
  await using server = await scriptedServer((peer) => converse(peer, { mail: drip }));
  const options = { name: "test", host: "127.0.0.1", port: server.port, heloName: "me", timers };
  const transport = smtpRelay(options).open();
  const report = await transport.deliver(deliveryOf(RECIPIENTS), unhindered());
  await transport.close();
  assert.deepEqual(shown(report), ["deferred", "deferred", "deferred"]);
  assert.equal(report.error, "MAIL FROM: no reply came in time");
  assert.equal(timers.pending, 0);
});

Deno.test("smtp: a server that answers nothing to QUIT is left after the limit", async () => {
  await using server = await scriptedServer((peer) => converse(peer, { quit: stall }));
  const transport = relayOn(server.port, { quitMs: 10 }).open();
  const report = await transport.deliver(deliveryOf(RECIPIENTS), unhindered());
  await transport.close();
  await server.peers[0]?.gone;
  assert.deepEqual(shown(report), ["sent", "sent", "sent"]);
});
