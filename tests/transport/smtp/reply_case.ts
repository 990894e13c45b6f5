import assert from "node:assert/strict";
import type { DeliveryReport } from "../../../src/queue/ports/transport.ts";
import { deliveryOf, relayOn, unhindered } from "../../support/smtp_delivery.ts";
import {
  converse,
  EHLO_REPLY,
  EHLO_STEP_BY_STEP,
  type Replies,
  scriptedServer,
} from "../../support/smtp_script.ts";

/** One row of the reply table, played against a scripted server. */
export interface ReplyCase {
  readonly name: string;
  /** What each connection answers; the last one repeats. */
  readonly connections: readonly (Replies | (() => Replies))[];
  /** For recipients a, b and c: kind, `!` for a relay fault, code. */
  readonly outcomes: readonly string[];
  readonly connectionCount: number;
  /** How often the content arrived; 1 unless said. */
  readonly contents?: number;
  /** The same messages go before on the same connection. */
  readonly before?: number;
}

/** Replies by recipient: `a`, `b` or `c`. */
export const rcpt = (replies: Record<string, string>) => (address: string) =>
  replies[address[0] ?? ""] ?? "250 2.1.5 ok";

/** A reply to MAIL (or another step) that only the second message on a connection gets. */
export const second = (step: "mail" | "dot", reply: string) => (): Replies => {
  let count = 0;
  return {
    [step]: (peer: { send(text: string): void }) =>
      peer.send(++count === 2 ? `${reply}\r\n` : "250 2.0.0 ok\r\n"),
  };
};

/** The same outcome for a, b and c. */
export const all = (outcome: string) => [outcome, outcome, outcome];

/** A server that takes `count` recipients in each transaction. Of one with more it refuses those
 *  beyond with `refusal` (null: it takes them), and the whole with `whole` at DATA or at the dot. */
export const limited = (
  count: number,
  refusal: string | null,
  whole: { readonly data?: string; readonly dot?: string } = {},
) =>
(): Replies => {
  let taken = 0;
  const unlessOver = (text: string | undefined, usual: string) =>
    text !== undefined && taken > count ? text : usual;
  return {
    mail: (peer) => {
      taken = 0;
      peer.send("250 2.1.0 ok\r\n");
    },
    rcpt: () => ++taken > count && refusal !== null ? refusal : "250 2.1.5 ok",
    dataNow: () => unlessOver(whole.data, "354 go ahead"),
    dot: (peer) => peer.send(`${unlessOver(whole.dot, "250 2.0.0 ok")}\r\n`),
  };
};

/** Plays each case with a server that pipelines and with one that does not. */
export function testReplies(cases: readonly ReplyCase[]): void {
  for (const each of cases) {
    Deno.test(`smtp pipelined: ${each.name}`, () => check(each, EHLO_REPLY));
    Deno.test(`smtp step by step: ${each.name}`, () => check(each, EHLO_STEP_BY_STEP));
  }
}

async function check(each: ReplyCase, ehlo: string): Promise<void> {
  let contents = 0;
  await using server = await scriptedServer((peer) => {
    const entry = each.connections[Math.min(peer.n, each.connections.length - 1)] ?? {};
    const replies = typeof entry === "function" ? entry() : entry;
    return converse(peer, { ehlo, ...replies, onContent: () => contents++ });
  });
  const transport = relayOn(server.port).open();
  for (let i = 0; i < (each.before ?? 0); i++) {
    const report = await transport.deliver(deliveryOf(["first@example.com"]), unhindered());
    assert.deepEqual(shown(report), ["sent 250"]);
  }
  let begun = 0;
  const recipients = ["a@example.com", "b@example.com", "c@example.com"];
  const report = await transport.deliver(deliveryOf(recipients), {
    ...unhindered(),
    onDataBegin: () => begun++,
  });
  await transport.close();
  assert.deepEqual(shown(report), each.outcomes);
  assert.equal(server.peers.length, each.connectionCount);
  assert.equal(contents, each.contents ?? 1);
  assert.equal(begun, contents > (each.before ?? 0) ? 1 : 0);
  checkReport(report, each.outcomes.every((outcome) => outcome.startsWith("sent")));
}

function checkReport(report: DeliveryReport, isAllSent: boolean): void {
  assert.equal(report.transcript === null, isAllSent);
  assert.equal(report.error === null, isAllSent);
  assert.doesNotMatch(report.error ?? "", /\n/);
  assert.doesNotMatch(report.transcript ?? "", /Hello/);
  for (const { kind, code } of report.outcomes) {
    if (kind !== "sent" && code !== null) {
      assert.match(report.transcript ?? "", RegExp(`S: ${code} `));
    }
  }
}

function shown({ outcomes }: DeliveryReport): string[] {
  return outcomes.map(({ kind, isRelayFault, code }) =>
    `${kind}${isRelayFault ? "!" : ""} ${code}`
  );
}
