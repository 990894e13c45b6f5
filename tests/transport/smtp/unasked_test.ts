import assert from "node:assert/strict";
import { deliveryOf, inPieces, relayOn, unhindered } from "../../support/smtp_delivery.ts";
import {
  converse,
  EHLO_REPLY,
  EHLO_STEP_BY_STEP,
  type Replies,
  scriptedServer,
} from "../../support/smtp_script.ts";

const RECIPIENTS = ["a@example.com", "b@example.com", "c@example.com"];
const UNASKED = "250 2.0.0 nobody asked\r\n";

/** What came of three recipients: kind, `!` for a relay fault; and the error. */
async function deliver(
  replies: Replies,
  content?: Uint8Array,
): Promise<{ readonly outcomes: readonly string[]; readonly error: string | null }> {
  await using server = await scriptedServer((peer) => converse(peer, replies));
  const transport = relayOn(server.port).open();
  const delivery = deliveryOf(RECIPIENTS, content);
  const whole = content === undefined ? delivery : inPieces(delivery, 65_536);
  const { outcomes, error } = await transport.deliver(whole, unhindered());
  await transport.close();
  const shown = outcomes.map(({ kind, isRelayFault }) => `${kind}${isRelayFault ? "!" : ""}`);
  return { outcomes: shown, error };
}

for (
  const [how, ehlo] of [["pipelined", EHLO_REPLY], ["step by step", EHLO_STEP_BY_STEP]] as const
) {
  for (
    const [where, replies] of [
      ["MAIL", { mail: `250 2.1.0 ok\r\n${UNASKED}` }],
      ["RCPT", {
        rcpt: (address: string) => address.startsWith("b") ? `250 ok\r\n${UNASKED}` : "250 ok",
      }],
      ["DATA", { data: `354 go ahead\r\n${UNASKED}` }],
    ] as const
  ) {
    Deno.test(`smtp ${how}: an answer too many at ${where} passes for no other`, async () => {
      // What would be taken for sent, had the replies been taken as they came.
      const { outcomes, error } = await deliver({ ehlo, ...replies, dot: "554 5.7.1 refused" });
      assert.deepEqual(outcomes, ["deferred!", "deferred!", "deferred!"], error ?? "");
    });
  }
}

Deno.test("smtp pipelined: a refusal pushed to DATA by an answer too many fails nobody for good", async () => {
  const { outcomes } = await deliver({
    mail: `250 2.1.0 ok\r\n${UNASKED}`,
    rcpt: (address) => address.startsWith("c") ? "550 5.1.1 no" : "250 2.1.5 ok",
  });
  assert.deepEqual(outcomes, ["deferred!", "deferred!", "deferred!"]);
});

Deno.test("smtp: a yes while a large content is being sent is no acceptance of it", async () => {
  const content = new TextEncoder().encode(`A: b\r\n\r\n${"x".repeat(70)}\r\n`.repeat(250_000));
  let taken = 0;
  const early: Replies["data"] = async (peer) => {
    peer.send("354 go ahead\r\n");
    await peer.waitForBytes(100_000);
    peer.send(UNASKED);
  };
  const { outcomes, error } = await deliver(
    {
      ehlo: "250-x\r\n250 PIPELINING",
      data: early,
      dot: "554 5.7.1 refused",
      onContent: () => taken++,
    },
    content,
  );
  assert.deepEqual(outcomes, ["deferred!", "deferred!", "deferred!"], error ?? "");
  assert.equal(taken, 0, "the final dot was not sent");
  assert.match(error ?? "", /^Sending the content: the server answered more than it was asked$/);
});

Deno.test("smtp: a goodbye behind the 354 is heard, and the mail goes on a new connection", async () => {
  let n = 0;
  await using server = await scriptedServer((peer) =>
    converse(peer, n++ === 0 ? { data: "354 go ahead\r\n421 4.3.2 shutting down" } : {})
  );
  const transport = relayOn(server.port).open();
  const { outcomes } = await transport.deliver(deliveryOf(RECIPIENTS), unhindered());
  await transport.close();
  assert.deepEqual(outcomes.map(({ kind }) => kind), ["sent", "sent", "sent"]);
  assert.equal(server.peers.length, 2);
});
