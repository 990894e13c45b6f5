import assert from "node:assert/strict";
import { MailqError } from "../../src/queue/errors.ts";
import { openRelay } from "../../src/transport/open_relay.ts";
import { deliveryOf, unhindered } from "../support/smtp_delivery.ts";
import { SmtpServer } from "../support/smtp_server.ts";

const context = { heloName: "client.example", write: () => Promise.resolve() };

async function refusal(url: string): Promise<string> {
  try {
    await openRelay("default", url, context);
  } catch (error) {
    assert.ok(error instanceof MailqError);
    assert.equal(error.code, "config_invalid");
    return error.message;
  }
  throw new Error(`expected ${url} to be refused`);
}

Deno.test("openRelay: smtp sends", async () => {
  await using server = new SmtpServer();
  const relay = await openRelay("default", server.url, context);
  assert.equal(relay.name, "default");
  const transport = relay.open();
  const report = await transport.deliver(deliveryOf(["a@example.com"]), unhindered());
  await transport.close();
  assert.equal(report.outcomes[0]?.kind, "sent");
  assert.equal(report.host, `127.0.0.1:${server.port}`);
  assert.equal(server.messages.length, 1);
});

Deno.test("openRelay: console writes envelope and message", async () => {
  let text = "";
  const write = (bytes: Uint8Array) => {
    text += new TextDecoder().decode(bytes);
    return Promise.resolve();
  };
  const transport = (await openRelay("default", "console:", { ...context, write })).open();
  await transport.deliver(deliveryOf(["a@x.y", "b@x.y"], "Subject: s\r\n\r\nb\r\n"), unhindered());
  assert.equal(
    text,
    "--- 0123456789ab from <sender@example.com> to <a@x.y> <b@x.y>\n" +
      "Subject: s\r\n\r\nb\r\n--- end of 0123456789ab\n",
  );
});

Deno.test("openRelay: null takes everything, in any case of the scheme", async () => {
  const transport = (await openRelay("default", "NULL://", context)).open();
  const report = await transport.deliver(deliveryOf(["a@example.com"]), unhindered());
  assert.equal(report.outcomes[0]?.kind, "sent");
});

Deno.test("openRelay: an unknown scheme is quoted, with what is known", async () => {
  const message = await refusal("gopher://mail");
  assert.match(message, /"gopher:"/);
  assert.match(message, /smtp:, console:, null:/);
  assert.match(await refusal("mail.example.com"), /no scheme/);
});

Deno.test("openRelay: no error repeats a password", async () => {
  for (const scheme of ["smtp", "gopher"]) {
    for (const password of ["hunter2", "hun:ter2", "hun@ter2", "hunt/er2"]) {
      const message = await refusal(`${scheme}://user:${password}@mail.example.com`);
      assert.doesNotMatch(message, /hun|ter2/);
    }
  }
});

Deno.test("openRelay: a login that cannot be made is refused, not left out", async () => {
  assert.match(await refusal("smtp://user@mail.example.com"), /Cannot log in/);
});

Deno.test("openRelay: console and null take no argument", async () => {
  assert.match(await refusal("console:/tmp/out"), /nothing may follow/);
  assert.match(await refusal("null:x"), /nothing may follow/);
});
