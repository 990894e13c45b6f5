import assert from "node:assert/strict";
import { deliveryOf, relayOn, unhindered } from "../../support/smtp_delivery.ts";
import {
  converse,
  EHLO_TLS,
  hangUp,
  type Replies,
  scriptedServer,
} from "../../support/smtp_script.ts";
import { tlsWith } from "../../support/tls_certificates.ts";

/** The phases of the outcomes for recipients a and b. */
async function phases(
  replies: Replies,
  options: Parameters<typeof relayOn>[2] = {},
  recipients: readonly string[] = ["a@x.test", "b@x.test"],
): Promise<unknown[]> {
  await using server = await scriptedServer((peer) => converse(peer, replies));
  const transport = relayOn(server.port, {}, options).open();
  const { outcomes } = await transport.deliver(deliveryOf(recipients), unhindered());
  await transport.close();
  return outcomes.map(({ phase }) => phase);
}

const NO = "550 5.0.0 no";
const LOGIN = {
  login: { user: "u", secret: { kind: "text", text: "password" }, mayGoInClear: true },
} as const;

const CASES: readonly (readonly [phase: string, Replies, Parameters<typeof relayOn>[2]?])[] = [
  ["greeting", { greeting: "554 5.0.0 no" }],
  ["greeting", { greeting: hangUp }],
  ["hello", { ehlo: NO, helo: NO }],
  ["tls", {}, { tls: tlsWith() }],
  ["tls", { ehlo: EHLO_TLS, starttls: "454 4.7.0 no" }, { tls: tlsWith() }],
  ["auth", {}, LOGIN],
  [
    "auth",
    {
      ehlo: "250-x\r\n250 AUTH PLAIN",
      auth: (peer) => Promise.resolve(peer.send("535 5.7.8 no\r\n")),
    },
    LOGIN,
  ],
  ["mail", { mail: NO }],
  ["mail", { mail: hangUp }],
  ["mail", { ehlo: "250-x\r\n250 SIZE 1" }],
  ["rcpt", { rcpt: () => NO }],
  ["data", { data: NO }],
  ["data", { data: hangUp }],
  ["dot", { dot: NO }],
  ["dot", { dot: hangUp }],
  ["dot", {}],
];

for (const [n, [phase, replies, options]] of CASES.entries()) {
  const what = Object.entries(replies).map(([step, act]) => `${step} ${act}`).join(", ");
  const shown = what.replace(/\s*\n[^]*$/, " …");
  Deno.test(`smtp phase: ${phase} tells where it was decided (${n}: ${shown})`, async () => {
    assert.deepEqual(await phases(replies, options), [phase, phase]);
  });
}

Deno.test("smtp phase: each recipient has its own", async () => {
  const replies: Replies = { rcpt: (address) => address.startsWith("a") ? NO : "250 ok" };
  assert.deepEqual(await phases({ ...replies, dot: "451 4.3.0 no" }), ["rcpt", "dot"]);
  const unicode = ["j\u00f6rg@x.test", "b@x.test"];
  assert.deepEqual(await phases({}, {}, unicode), ["rcpt", "dot"], "no SMTPUTF8");
});

Deno.test("smtp phase: nobody listening is connect", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const transport = relayOn(port).open();
  const { outcomes } = await transport.deliver(deliveryOf(["a@x.test"]), unhindered());
  assert.equal(outcomes[0]?.phase, "connect");
});
