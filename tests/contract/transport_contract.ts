import assert from "node:assert/strict";
import type { Relay } from "../../src/queue/ports/transport.ts";
import { deliveryOf, inPieces, unhindered } from "../support/smtp_delivery.ts";
import { latin1 } from "../support/smtp_script.ts";

/** A relay under test with what stands at its far end. */
export interface TransportFixture extends AsyncDisposable {
  readonly relay: Relay;
  /** The content of each message that arrived, oldest first; null where nothing is kept. */
  readonly arrived: (() => readonly Uint8Array[]) | null;
  /** Makes the next hand-over fail for a passing reason; null where none can. */
  readonly breakOnce: (() => void) | null;
}

const AWKWARD: readonly (readonly [string, string])[] = [
  ["8-bit bytes", "Subject: \xff\xfe\r\n\r\n\x80\xe4\xf6\xfc\r\n"],
  ["NUL bytes", "Subject: a\r\n\r\nb\x00c\x00\r\n"],
  ["dots", ".\r\n..\r\n...x\r\n\r\n.\r\nend.\r\n.\r\n"],
  ["a line of 5,000 bytes", `Subject: a\r\n\r\n${".x".repeat(2_500)}\r\n`],
  ["no body", "Subject: a\r\n"],
];

/** What every transport promises, whatever it speaks. */
export function testTransport(name: string, open: () => Promise<TransportFixture>): void {
  const test = (behaviour: string, run: (fixture: TransportFixture) => Promise<void>) =>
    Deno.test(`${name}: ${behaviour}`, async () => {
      await using fixture = await open();
      await run(fixture);
    });

  test("one outcome for each recipient, in their order", async ({ relay }) => {
    const transport = relay.open();
    const recipients = ["a@example.com", "bad\r\n@example.com", "c@example.com"];
    const report = await transport.deliver(deliveryOf(recipients), unhindered());
    assert.deepEqual(report.outcomes.map(({ kind }) => kind), ["sent", "failed", "sent"]);
    assert.match(report.outcomes[1]?.text ?? "", /bad\\r\\n@example\.com/);
    await transport.close();
  });

  test("a report of success has neither error nor transcript", async ({ relay }) => {
    const transport = relay.open();
    const report = await transport.deliver(deliveryOf(["a@example.com"]), unhindered());
    assert.equal(report.error, null);
    assert.equal(report.traceback, null);
    assert.equal(report.transcript, null);
    await transport.close();
  });

  test("bytes arrive unchanged, from memory and in pieces", async ({ relay, arrived }) => {
    const transport = relay.open();
    for (const [what, text] of AWKWARD) {
      const delivery = deliveryOf(["a@example.com"], text);
      for (const form of [delivery, inPieces(delivery, 1), inPieces(delivery, 7)]) {
        const { outcomes: [outcome] } = await transport.deliver(form, unhindered());
        assert.equal(outcome?.kind, "sent", what);
        if (arrived !== null) assert.deepEqual(arrived().at(-1), latin1(text), what);
      }
    }
    await transport.close();
  });

  test("onDataBegin is called once, and before the content is read", async ({ relay }) => {
    const transport = relay.open();
    const steps: string[] = [];
    const delivery = inPieces(deliveryOf(["a@example.com", "b@example.com"]), 5);
    const pieces = delivery.content;
    assert.ok(typeof pieces === "function");
    const content = async function* () {
      steps.push("read");
      yield* pieces();
    };
    const options = { ...unhindered(), onDataBegin: () => void steps.push("begin") };
    await transport.deliver({ ...delivery, content }, options);
    assert.equal(steps[0], "begin");
    assert.equal(steps.filter((step) => step === "begin").length, 1);
    await transport.close();
  });

  test("a signal given beforehand defers and sends nothing", async ({ relay, arrived }) => {
    const transport = relay.open();
    let hasBegun = false;
    const options = { onDataBegin: () => void (hasBegun = true), signal: AbortSignal.abort() };
    const report = await transport.deliver(deliveryOf(["a@example.com", "b@x.y"]), options);
    assert.deepEqual(report.outcomes.map(({ kind }) => kind), ["deferred", "deferred"]);
    assert.equal(hasBegun, false);
    assert.deepEqual(arrived?.() ?? [], []);
    const { outcomes: [next] } = await transport.deliver(deliveryOf(["a@x.y"]), unhindered());
    assert.equal(next?.kind, "sent");
    await transport.close();
  });

  test("a message without a usable recipient sends nothing", async ({ relay, arrived }) => {
    const transport = relay.open();
    const report = await transport.deliver(deliveryOf(["a b@example.com"]), unhindered());
    assert.deepEqual(report.outcomes.map(({ kind }) => kind), ["failed"]);
    assert.ok(report.error);
    assert.deepEqual(arrived?.() ?? [], []);
    await transport.close();
  });

  test("an unusable sender fails every recipient", async ({ relay, arrived }) => {
    const transport = relay.open();
    const delivery = deliveryOf(["a@x.y", "b@x.y"], "A: b\r\n", "me>\r\nRCPT TO:<c@x.y");
    const report = await transport.deliver(delivery, unhindered());
    assert.deepEqual(report.outcomes.map(({ kind }) => kind), ["failed", "failed"]);
    assert.deepEqual(arrived?.() ?? [], []);
    await transport.close();
  });

  test("works again after a failure", async ({ relay, arrived, breakOnce }) => {
    if (breakOnce === null) return;
    const transport = relay.open();
    breakOnce();
    const { outcomes: [first] } = await transport.deliver(deliveryOf(["a@x.y"]), unhindered());
    assert.equal(first?.kind, "deferred");
    const { outcomes: [second] } = await transport.deliver(deliveryOf(["a@x.y"]), unhindered());
    assert.equal(second?.kind, "sent");
    assert.equal(arrived?.().length ?? 1, 1);
    await transport.close();
  });

  test("content that cannot be read defers with a traceback", async ({ relay, arrived }) => {
    if (arrived === null) return;
    const transport = relay.open();
    // deno-lint-ignore require-yield
    const content = async function* (): AsyncIterable<Uint8Array> {
      await Promise.resolve();
      throw new Error("row is corrupt");
    };
    const delivery = { ...deliveryOf(["a@x.y"]), content };
    const report = await transport.deliver(delivery, unhindered());
    assert.equal(report.outcomes[0]?.kind, "deferred");
    assert.match(report.error ?? "", /row is corrupt/);
    assert.match(report.traceback ?? "", /row is corrupt/);
    const { outcomes: [next] } = await transport.deliver(deliveryOf(["a@x.y"]), unhindered());
    assert.equal(next?.kind, "sent");
    await transport.close();
  });

  test("close can be called twice, and without a hand-over", async ({ relay }) => {
    const unused = relay.open();
    await unused.close();
    const transport = relay.open();
    await transport.deliver(deliveryOf(["a@x.y"]), unhindered());
    await transport.close();
    await transport.close();
  });

  test("connections of one relay work side by side", async ({ relay, arrived }) => {
    const texts = ["one", "two", "three"].map((word) => `Subject: ${word}\r\n\r\n${word}\r\n`);
    const reports = await Promise.all(texts.map(async (text) => {
      const transport = relay.open();
      const delivery = inPieces(deliveryOf(["a@x.y"], text), 3);
      const report = await transport.deliver(delivery, unhindered());
      await transport.close();
      return report;
    }));
    assert.ok(reports.every(({ outcomes: [outcome] }) => outcome?.kind === "sent"));
    if (arrived === null) return;
    const found = arrived().map((bytes) => new TextDecoder().decode(bytes)).sort();
    assert.deepEqual(found, texts.sort());
  });
}
