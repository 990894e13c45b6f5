import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import SMTPConnection from "nodemailer/lib/smtp-connection/index.js";
import { SMTPServer } from "smtp-server";
import { deliveryOf, inPieces, relayOn, unhindered } from "../../support/smtp_delivery.ts";
import { converse, latin1, scriptedServer } from "../../support/smtp_script.ts";

/** Contents whose bytes are easily spoilt on the way. */
const CONTENTS: readonly (readonly [string, string])[] = [
  ["a plain message", "Subject: a\r\n\r\nHello\r\n"],
  ["8-bit bytes", "Subject: \xe4\xf6\r\n\r\n\x80\xff\xfe\r\n"],
  ["NUL bytes", "Subject: a\r\n\r\n\x00\x00a\x00\r\n"],
  ["a lone dot", "Subject: a\r\n\r\n.\r\n"],
  ["lone dots in a row", "Subject: a\r\n\r\n.\r\n.\r\n..\r\n.\r\n"],
  ["a dot at the start of the content", ".Subject: a\r\n\r\nb\r\n"],
  ["nothing but a dot", ".\r\n"],
  ["dots elsewhere", "Subject: a.\r\n\r\na.b.\r\n .c\r\n"],
  ["what looks like commands", "Subject: a\r\n\r\nQUIT\r\n.\r\nMAIL FROM:<x@y.z>\r\n"],
  ["a long line", `Subject: a\r\n\r\n${".x".repeat(40_000)}\r\n`],
  ["many dotted lines", `Subject: a\r\n\r\n${".\r\n.x\r\n".repeat(20_000)}`],
  ["empty lines at the end", "Subject: a\r\n\r\nb\r\n\r\n\r\n"],
];

/** What goes over the wire between DATA and the final dot, and with it. */
async function bytesOnWire(send: (port: number) => Promise<void>): Promise<Uint8Array> {
  const contents: Uint8Array[] = [];
  await using server = await scriptedServer((peer) =>
    converse(peer, { onContent: (content) => contents.push(content) })
  );
  await send(server.port);
  assert.equal(contents.length, 1);
  return contents[0] ?? new Uint8Array();
}

/** Sends with nodemailer's own client. */
function sendByNodemailer(port: number, content: Uint8Array): Promise<void> {
  const connection = new SMTPConnection({ host: "127.0.0.1", port, ignoreTLS: true });
  const ended = new Promise<void>((resolve) => connection.once("end", () => resolve()));
  return new Promise((resolve, reject) => {
    connection.once("error", reject);
    connection.connect(() => {
      const envelope = { from: "sender@example.com", to: ["a@example.com"] };
      connection.send(envelope, Buffer.from(content), (error) => {
        connection.quit();
        if (error) reject(error);
        else void ended.then(resolve);
      });
    });
  });
}

async function sendByUs(port: number, text: string, pieceSize: number | null): Promise<void> {
  const delivery = deliveryOf(["a@example.com"], text);
  const form = pieceSize === null ? delivery : inPieces(delivery, pieceSize);
  const transport = relayOn(port).open();
  const { outcomes: [outcome] } = await transport.deliver(form, unhindered());
  await transport.close();
  assert.equal(outcome?.kind, "sent");
}

for (const [what, text] of CONTENTS) {
  Deno.test(`smtp oracle: ${what} goes out as nodemailer sends it`, async () => {
    const expected = await bytesOnWire((port) => sendByNodemailer(port, latin1(text)));
    const sizes = text.length > 1_000 ? [null, 4_093] : [null, 1, 2, 3, 5];
    for (const size of sizes) {
      assert.deepEqual(await bytesOnWire((port) => sendByUs(port, text, size)), expected);
    }
  });
}

Deno.test("smtp oracle: smtp-server receives every content as it was", async () => {
  const received: Uint8Array[] = [];
  const server = new SMTPServer({
    disabledCommands: ["AUTH", "STARTTLS"],
    disableReverseLookup: true,
    onData(stream, session, done) {
      assert.equal(session.envelope.rcptTo[0]?.address, "a@example.com");
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        received.push(new Uint8Array(Buffer.concat(chunks)));
        done();
      });
    },
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.server.address();
  assert.ok(address !== null && typeof address === "object");
  const transport = relayOn(address.port).open();
  for (const [what, text] of CONTENTS) {
    const whole = deliveryOf(["a@example.com"], text);
    for (const delivery of [whole, inPieces(whole, 1_000)]) {
      await transport.deliver(delivery, unhindered());
      assert.deepEqual(received.pop(), latin1(text), what);
    }
  }
  await transport.close();
  await new Promise<void>((resolve) => server.close(() => resolve()));
});
