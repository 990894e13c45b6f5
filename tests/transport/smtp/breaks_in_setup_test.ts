import assert from "node:assert/strict";
import type { DeliveryReport } from "../../../src/queue/ports/transport.ts";
import type { SmtpRelayOptions } from "../../../src/transport/smtp/relay.ts";
import { deliveryOf, relayOn, unhindered } from "../../support/smtp_delivery.ts";
import {
  type Act,
  converse,
  EHLO_TLS,
  halfClose,
  hangUp,
  type Peer,
  type Replies,
  reset,
  scriptedServer,
  stall,
} from "../../support/smtp_script.ts";
import { SERVER, tlsWith } from "../../support/tls_certificates.ts";

const RECIPIENTS = ["a@example.com", "b@example.com", "c@example.com"];
const LIMIT_MS = 20;

const after = (text: string, then: (peer: Peer) => void | Promise<void>) => (peer: Peer) => {
  peer.send(text);
  return then(peer);
};

const WAYS: readonly (readonly [string, Act])[] = [
  ["a reset", reset],
  ["hanging up", hangUp],
  ["half-closing", halfClose],
  ["a stall", stall],
  ["garbage", "what?\r\n"],
  ["binary garbage", Uint8Array.from([0, 255, 10, 0, 13, 10])],
  ["half a line, then hanging up", after("2", hangUp)],
  ["half a reply, then a stall", after("334-", stall)],
  ["a refusal, then hanging up", after("454 4.7.0 no\r\n", hangUp)],
];

/** Where it breaks, and how the relay is spoken to. */
const STEPS: readonly (readonly [string, (act: Act) => Replies, Partial<SmtpRelayOptions>])[] = [
  ["STARTTLS", (act) => ({ ehlo: EHLO_TLS, tls: SERVER, starttls: act }), { tls: tlsWith() }],
  [
    "the handshake",
    (act) => ({
      ehlo: EHLO_TLS,
      tls: SERVER,
      starttls: async (peer: Peer) => {
        peer.send("220 go\r\n");
        // The client's first bytes of TLS are answered by this.
        await peer.line().catch(() => {});
        return await play(act, peer);
      },
    }),
    { tls: tlsWith() },
  ],
  [
    "AUTH",
    (act) => ({ ehlo: "250-x\r\n250 AUTH PLAIN", auth: async (peer) => await play(act, peer) }),
    { login: { user: "u", secret: { kind: "text", text: "secret" }, mayGoInClear: true } },
  ],
];

async function play(act: Act, peer: Peer): Promise<void> {
  if (typeof act === "function") await act(peer);
  else peer.send(act);
}

async function deliver(
  replies: Replies,
  options: Partial<SmtpRelayOptions>,
  isSlow: boolean,
): Promise<DeliveryReport> {
  await using server = await scriptedServer((peer) => converse(peer, replies));
  const limits = isSlow ? { helloMs: 10 * LIMIT_MS, tlsMs: 10 * LIMIT_MS } : {};
  const transport = relayOn(server.port, limits, options).open();
  const report = await transport.deliver(deliveryOf(RECIPIENTS), unhindered());
  await transport.close();
  assert.doesNotMatch(server.peers.map((peer) => peer.receivedText).join(), /MAIL FROM/);
  return report;
}

for (const [step, repliesWith, options] of STEPS) {
  for (const [way, act] of WAYS) {
    Deno.test(`smtp: ${way} at ${step} is the relay's fault for every recipient`, async () => {
      const isSlow = way.endsWith("stall") || step === "the handshake";
      const report = await deliver(repliesWith(act), options, isSlow);
      const shown = report.outcomes.map(({ kind, isRelayFault, phase }) =>
        `${kind}${isRelayFault ? "!" : ""} ${phase}`
      );
      const phase = step === "AUTH" ? "auth" : "tls";
      assert.deepEqual(shown, RECIPIENTS.map(() => `deferred! ${phase}`));
      assert.ok(report.error);
      assert.doesNotMatch(report.transcript ?? "", /secret/);
    });
  }
}
