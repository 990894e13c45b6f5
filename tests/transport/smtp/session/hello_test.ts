import assert from "node:assert/strict";
import { helloName } from "../../../../src/transport/smtp/session/hello_name.ts";
import { deliveryOf, relayOn, unhindered } from "../../../support/smtp_delivery.ts";
import { converse, EHLO_TLS, type Replies, scriptedServer } from "../../../support/smtp_script.ts";
import { SERVER, tlsWith } from "../../../support/tls_certificates.ts";

Deno.test("helloName: a full name as it is, else the address of our end", () => {
  const cases: readonly [name: string, address: string | null, expected: string][] = [
    ["mail.example.org", "192.0.2.1", "mail.example.org"],
    ["a-1.example", "192.0.2.1", "a-1.example"],
    ["web1", "192.0.2.1", "[192.0.2.1]"],
    ["15b0717dc4c2", "172.17.0.2", "[172.17.0.2]"],
    ["my_app.example", "192.0.2.1", "[192.0.2.1]"],
    ["_", "192.0.2.1", "[192.0.2.1]"],
    ["-a.example", "192.0.2.1", "[192.0.2.1]"],
    ["a..example", "192.0.2.1", "[192.0.2.1]"],
    ["10.0.0.1", "10.0.0.1", "[10.0.0.1]"],
    ["web1", "2001:db8::7", "[IPv6:2001:db8::7]"],
    ["web1", "fe80::1%eth0", "[IPv6:fe80::1]"],
    ["web1", "::ffff:192.0.2.1", "[192.0.2.1]"],
    ["[192.0.2.9]", "192.0.2.1", "[192.0.2.9]"],
    ["web1", null, "web1"],
  ];
  for (const [name, address, expected] of cases) {
    assert.equal(helloName(name, address), expected, `${name} ${address}`);
  }
});

async function greetingsOf(
  heloName: string,
  replies: Replies = {},
  options: Parameters<typeof relayOn>[2] = {},
): Promise<{ said: string[]; kind: string | undefined }> {
  await using server = await scriptedServer((peer) => converse(peer, replies));
  const transport = relayOn(server.port, {}, { heloName, ...options }).open();
  const { outcomes } = await transport.deliver(deliveryOf(["a@example.com"]), unhindered());
  await transport.close();
  const lines = server.peers.flatMap((peer) => peer.receivedText.split("\r\n"));
  return { said: lines.filter((line) => /^(EHLO|HELO)/.test(line)), kind: outcomes[0]?.kind };
}

Deno.test("smtp EHLO: a bare name is not said, in clear and under TLS", async () => {
  assert.deepEqual((await greetingsOf("web1")).said, ["EHLO [127.0.0.1]"]);
  const secure = await greetingsOf("web1", { ehlo: EHLO_TLS, tls: SERVER }, { tls: tlsWith() });
  assert.equal(secure.kind, "sent");
  assert.deepEqual(new Set(secure.said), new Set(["EHLO [127.0.0.1]"]));
});

for (const refusal of ["500 what?", "502 5.5.1 no", "504 5.5.2 no", "550 no", "521 no"]) {
  Deno.test(`smtp EHLO: refused with ${refusal}, HELO follows`, async () => {
    const { said, kind } = await greetingsOf("web1.example", { ehlo: refusal });
    assert.deepEqual(said, ["EHLO web1.example", "HELO web1.example"]);
    assert.equal(kind, "sent");
  });
}
