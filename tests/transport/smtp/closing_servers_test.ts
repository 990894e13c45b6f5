import assert from "node:assert/strict";
import { deliveryOf, relayOn, unhindered } from "../../support/smtp_delivery.ts";
import {
  type Act,
  converse,
  EHLO_REPLY,
  EHLO_STEP_BY_STEP,
  halfClose,
  hangUp,
  type Replies,
  reset,
  scriptedServer,
  stall,
} from "../../support/smtp_script.ts";
import { limited } from "./reply_case.ts";

const RECIPIENTS = ["a@example.com", "b@example.com", "c@example.com"];

/** Hands over messages to `lists` one after another; returns the outcomes and the connections. */
async function sendTo(
  lists: readonly (readonly string[])[],
  replies: () => Replies,
): Promise<{ kinds: string[]; connections: number }> {
  await using server = await scriptedServer((peer) => converse(peer, replies()));
  const transport = relayOn(server.port, { mailMs: 200, quitMs: 20 }).open();
  const kinds: string[] = [];
  for (const recipients of lists) {
    const report = await transport.deliver(deliveryOf(recipients), unhindered());
    kinds.push(...report.outcomes.map(({ kind }) => kind));
  }
  await transport.close();
  return { kinds, connections: server.peers.length };
}

const REFUSALS: readonly (readonly [string, Act])[] = [
  ["500", "500 5.5.1 what?"],
  ["502", "502 5.5.1 not here"],
  ["421", "421 4.3.2 bye"],
  ["hanging up", hangUp],
  ["a reset", reset],
  ["silence", stall],
  ["garbage", "what?\r\n"],
];
for (const [ehlo, way] of [[EHLO_REPLY, "pipelined"], [EHLO_STEP_BY_STEP, "step by step"]]) {
  for (const [what, rset] of REFUSALS) {
    Deno.test(`smtp ${way}: RSET answered by ${what} defers no message`, async () => {
      // A refused recipient leaves a transaction open.
      const replies = (): Replies => {
        let isTaken = false;
        return {
          ehlo,
          rset,
          rcpt: (address) => {
            isTaken = !address.startsWith("x");
            return isTaken ? "250 2.1.5 ok" : "550 5.1.1 no";
          },
          dataNow: () => isTaken ? "354 go ahead" : "503 5.5.1 nobody to send to",
        };
      };
      const lists = [["x@example.com"], RECIPIENTS, ["x@example.com"], RECIPIENTS];
      const { kinds, connections } = await sendTo(lists, replies);
      const sent = ["sent", "sent", "sent"];
      assert.deepEqual(kinds, ["failed", ...sent, "failed", ...sent]);
      assert.equal(connections, 3);
    });
  }

  const ENDS: readonly (readonly [string, Act])[] = [
    ["closes", hangUp],
    ["half-closes", halfClose],
  ];
  for (const [what, end] of ENDS) {
    Deno.test(`smtp ${way}: a server that ${what} after each message gets them all`, async () => {
      const dot: Act = async (peer) => {
        peer.send("250 2.0.0 ok\r\n");
        if (typeof end === "function") await end(peer);
      };
      const lists = [RECIPIENTS, ["d@example.com"], RECIPIENTS];
      const { kinds, connections } = await sendTo(lists, () => ({ ehlo, dot }));
      assert.deepEqual([...new Set(kinds)], ["sent"]);
      assert.equal(connections, 3);
    });
  }

  Deno.test(`smtp ${way}: a server that closes after each transaction of one recipient`, async () => {
    const replies = (): Replies => ({
      ...limited(1, "452 4.5.3 too many")(),
      ehlo,
      dot: (peer) => {
        peer.send("250 2.0.0 ok\r\n");
        return hangUp(peer);
      },
    });
    const { kinds, connections } = await sendTo([[...RECIPIENTS, "d@example.com"]], replies);
    assert.deepEqual([...new Set(kinds)], ["sent"]);
    assert.equal(connections, 4);
  });
}

for (const [what, quit] of [["silence", stall], ["hanging up", hangUp]] as const) {
  Deno.test(`smtp: QUIT answered by ${what} is no matter`, async () => {
    const { kinds } = await sendTo([RECIPIENTS], () => ({ quit }));
    assert.deepEqual([...new Set(kinds)], ["sent"]);
  });
}
