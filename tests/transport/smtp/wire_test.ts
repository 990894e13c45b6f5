import assert from "node:assert/strict";
import type { Delivery, DeliveryReport } from "../../../src/queue/ports/transport.ts";
import { smtpRelay } from "../../../src/transport/smtp/relay.ts";
import { deliveryOf, relayOn, unhindered } from "../../support/smtp_delivery.ts";
import {
  converse,
  EHLO_REPLY,
  EHLO_STEP_BY_STEP,
  type Replies,
  scriptedServer,
} from "../../support/smtp_script.ts";

/** Hands `deliveries` over on one transport and returns what each connection was sent. */
async function wire(
  replies: Replies,
  ...deliveries: Delivery[]
): Promise<{ readonly sent: readonly string[]; readonly reports: readonly DeliveryReport[] }> {
  await using server = await scriptedServer((peer) => converse(peer, replies));
  const transport = relayOn(server.port).open();
  const reports: DeliveryReport[] = [];
  for (const delivery of deliveries) reports.push(await transport.deliver(delivery, unhindered()));
  await transport.close();
  return { sent: server.peers.map((peer) => peer.receivedText), reports };
}

const TWO = deliveryOf(["a@example.com", "b@example.com"], "A: b\r\n\r\n.x\r\n");

Deno.test("smtp wire: the whole conversation, the same whether pipelined or not", async () => {
  for (const ehlo of [EHLO_REPLY, EHLO_STEP_BY_STEP]) {
    const { sent } = await wire({ ehlo }, TWO, deliveryOf(["c@example.com"], "C: d\r\n", ""));
    assert.deepEqual(sent, [
      "EHLO client.example\r\n" +
      "MAIL FROM:<sender@example.com> SIZE=12\r\nRCPT TO:<a@example.com>\r\n" +
      "RCPT TO:<b@example.com>\r\nDATA\r\nA: b\r\n\r\n..x\r\n.\r\n" +
      "MAIL FROM:<> SIZE=6\r\nRCPT TO:<c@example.com>\r\nDATA\r\nC: d\r\n.\r\n" +
      "QUIT\r\n",
    ]);
  }
});

Deno.test("smtp wire: HELO where EHLO is unknown, and no extension is used", async () => {
  const eightBit = deliveryOf(["a@example.com"], "A: \xff\r\n");
  const { sent, reports } = await wire({ ehlo: "502 5.5.1 unknown" }, eightBit);
  assert.equal(reports[0]?.outcomes[0]?.kind, "sent");
  assert.deepEqual(sent, [
    "EHLO client.example\r\nHELO client.example\r\nMAIL FROM:<sender@example.com>\r\n" +
    "RCPT TO:<a@example.com>\r\nDATA\r\nA: \xff\r\n.\r\nQUIT\r\n",
  ]);
});

Deno.test("smtp wire: BODY=8BITMIME only for 8-bit content and where it is offered", async () => {
  const eightBit = deliveryOf(["a@example.com"], "A: \xff\r\n");
  const offered = await wire({}, eightBit, TWO);
  assert.equal(offered.sent[0]?.match(/BODY=8BITMIME/g)?.length, 1);
  assert.match(offered.sent[0] ?? "", /MAIL FROM:<sender@example\.com> SIZE=6 BODY=8BITMIME\r\n/);
  const unknown = await wire({ ehlo: EHLO_STEP_BY_STEP }, eightBit);
  assert.doesNotMatch(unknown.sent[0] ?? "", /BODY/);
  assert.equal(unknown.reports[0]?.outcomes[0]?.kind, "sent");
});

Deno.test("smtp wire: extensions are read in any case, from a greeting of many lines", async () => {
  const ehlo = "250-hello\r\n250-8bitmime\r\n250-size\r\n250 Pipelining";
  const { sent } = await wire(
    { greeting: "220-a\r\n220 b", ehlo },
    deliveryOf(["a@x.y"], "\xff\r\n"),
  );
  assert.match(sent[0] ?? "", /SIZE=3 BODY=8BITMIME\r\n/);
});

Deno.test("smtp wire: an abandoned transaction is reset before the next", async () => {
  const refused = "MAIL FROM:<sender@example.com> SIZE=12\r\nRCPT TO:<a@example.com>\r\n" +
    "RCPT TO:<b@example.com>\r\n";
  const stepByStep = await wire(
    { ehlo: EHLO_STEP_BY_STEP, rcpt: () => "550 5.1.1 unknown" },
    TWO,
    TWO,
  );
  assert.deepEqual(stepByStep.sent, [
    `EHLO client.example\r\n${refused}RSET\r\n${refused}QUIT\r\n`,
  ]);
  const pipelined = await wire(
    { rcpt: () => "550 5.1.1 unknown", data: "503 5.5.1 no recipients" },
    TWO,
    TWO,
  );
  assert.deepEqual(pipelined.sent, [
    `EHLO client.example\r\n${refused}DATA\r\nRSET\r\n${refused}DATA\r\nQUIT\r\n`,
  ]);
});

Deno.test("smtp wire: when everybody was refused only the dot answers a 354", async () => {
  const contents: Uint8Array[] = [];
  const { sent, reports } = await wire(
    { rcpt: () => "550 5.1.1 unknown", onContent: (content) => contents.push(content) },
    TWO,
    TWO,
  );
  assert.deepEqual(contents, []);
  assert.deepEqual(reports.map(({ outcomes: [outcome] }) => outcome?.kind), ["failed", "failed"]);
  const once = "MAIL FROM:<sender@example.com> SIZE=12\r\nRCPT TO:<a@example.com>\r\n" +
    "RCPT TO:<b@example.com>\r\nDATA\r\n.\r\n";
  assert.deepEqual(sent, [`EHLO client.example\r\n${once}${once}QUIT\r\n`]);
});

Deno.test("smtp wire: an address that could inject commands never reaches it", async () => {
  const bad = ["a\r\nDATA\r\n@x.y", "a> SIZE=1 <@x.y", "a\0@x.y", "a b@x.y", ""];
  const { sent, reports } = await wire({}, deliveryOf([...bad, "good@x.y"]));
  assert.deepEqual(reports[0]?.outcomes.map(({ kind }) => kind), [
    ...bad.map(() => "failed"),
    "sent",
  ]);
  assert.equal(sent[0]?.match(/RCPT TO/g)?.length, 1);
  assert.equal(sent[0]?.match(/DATA/g)?.length, 1);
});

Deno.test("smtp wire: nothing at all is sent for a message without a usable address", async () => {
  const { sent } = await wire({}, deliveryOf(["a b@x.y"]), deliveryOf(["a@x.y"], "\r\n", "<me>"));
  assert.deepEqual(sent, []);
});

Deno.test("smtp wire: quoted local parts go out as they are", async () => {
  const { sent } = await wire({}, deliveryOf(['"a b>"@x.y']));
  assert.match(sent[0] ?? "", /RCPT TO:<"a b>"@x\.y>\r\n/);
});

Deno.test("smtp wire: a Unicode address goes only to a server that knows SMTPUTF8", async () => {
  const delivery = deliveryOf(["a@x.y", "jörg@x.y"]);
  const without = await wire({}, delivery);
  const outcomes = without.reports[0]?.outcomes ?? [];
  assert.deepEqual(outcomes.map(({ kind }) => kind), ["sent", "failed"]);
  assert.equal(outcomes[1]?.enhanced, "5.6.7");
  assert.doesNotMatch(without.sent[0] ?? "", /rg@x/);
  const ehlo = "250-x\r\n250-PIPELINING\r\n250 SMTPUTF8";
  const known = await wire({ ehlo }, delivery, deliveryOf(["a@x.y"]));
  assert.deepEqual(known.reports[0]?.outcomes.map(({ kind }) => kind), ["sent", "sent"]);
  assert.equal(known.sent[0]?.match(/ SMTPUTF8\r\n/g)?.length, 1);
  assert.ok(known.sent[0]?.includes("RCPT TO:<j\xc3\xb6rg@x.y>"));
});

Deno.test("smtp wire: only a local part needs SMTPUTF8, a domain has a form in ASCII", async () => {
  const recipients = ["info@bücher.example", "jörg@bücher.example", "a@x.y", "b@例え.テスト"];
  const delivery = { ...deliveryOf(recipients), sender: "o'b+1@Straße.example" };
  const without = await wire({}, delivery);
  const outcomes = without.reports[0]?.outcomes ?? [];
  assert.deepEqual(outcomes.map(({ kind }) => kind), ["sent", "failed", "sent", "sent"]);
  const [sent = ""] = without.sent;
  assert.match(sent, /MAIL FROM:<o'b\+1@xn--strae-oqa\.example>/);
  assert.deepEqual(sent.match(/(?<=RCPT TO:<)[^>]*/g), [
    "info@xn--bcher-kva.example",
    "a@x.y",
    "b@xn--r8jz45g.xn--zckzah",
  ]);
  assert.doesNotMatch(sent, /SMTPUTF8|[\u0080-\uffff]/);
  const known = await wire({ ehlo: "250-x\r\n250 SMTPUTF8" }, delivery);
  const utf8 = (text: string) => new TextDecoder("latin1").decode(new TextEncoder().encode(text));
  for (const address of recipients) {
    assert.ok(known.sent[0]?.includes(`RCPT TO:<${utf8(address)}>`), address);
  }
  const odd = { ...deliveryOf(["a@x.y"]), sender: "jörg@x.y" };
  assert.equal((await wire({}, odd)).reports[0]?.outcomes[0]?.enhanced, "5.6.7");
});

Deno.test("smtpRelay: a name that cannot be said in EHLO is refused", () => {
  for (const heloName of ["", "a b", "a\r\nMAIL", "ä.example", "<a>"]) {
    assert.throws(
      () => smtpRelay({ name: "x", host: "localhost", port: 25, heloName }),
      /Cannot greet a relay as/,
    );
  }
  smtpRelay({ name: "x", host: "localhost", port: 25, heloName: "[IPv6:::1]" });
});
