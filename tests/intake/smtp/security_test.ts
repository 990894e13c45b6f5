import assert from "node:assert/strict";
import type { SmtpHost, SmtpSecurity } from "../../../src/intake/smtp/host.ts";
import { codes, converse } from "./conversation.ts";

const PLAIN = btoa("\0ann\0secret");

/** A host with TLS and a login. */
function secured(given: Partial<SmtpSecurity> = {}): Partial<SmtpHost> & { tlsBegun: number } {
  const host = {
    tlsBegun: 0,
    security: {
      offersTls: true,
      startTls: () => {
        host.tlsBegun++;
        return Promise.resolve(true);
      },
      login: "offered",
      needsLogin: false,
      verify: (user: string, password: string) =>
        Promise.resolve(user === "ann" && password === "secret" ? "right" : "wrong"),
      ...given,
    } as SmtpSecurity, // made of the parts of one
  };
  return host;
}

async function talk(text: string, host: Partial<SmtpHost>) {
  return await converse(text.replaceAll("\n", "\r\n"), { host, pieceSize: 100_000 });
}

Deno.test("EHLO: offers STARTTLS and AUTH where there are any", async () => {
  const { said } = await talk("EHLO me\n", secured());
  assert.match(said, /250-STARTTLS\r\n250-AUTH PLAIN LOGIN\r\n/);
  const bare = await talk("EHLO me\n", secured({ offersTls: false, login: "after TLS" }));
  assert.doesNotMatch(bare.said, /STARTTLS|AUTH/);
});

/** After the greeting and EHLO: what is said, and the codes of the replies. */
const LOGINS: readonly (readonly [string, string, string])[] = [
  ["PLAIN with its answer", `AUTH PLAIN ${PLAIN}\n`, "235"],
  ["PLAIN, asked", `auth plain\n${PLAIN}\n`, "334 235"],
  ["PLAIN for oneself", `AUTH PLAIN ${btoa("ann\0ann\0secret")}\n`, "235"],
  ["PLAIN for another", `AUTH PLAIN ${btoa("bob\0ann\0secret")}\n`, "501"],
  ["LOGIN", `AUTH LOGIN\n${btoa("ann")}\n${btoa("secret")}\n`, "334 334 235"],
  ["LOGIN with the name", `AUTH LOGIN ${btoa("ann")}\n${btoa("secret")}\n`, "334 235"],
  ["a wrong password", `AUTH PLAIN ${btoa("\0ann\0x")}\nNOOP\n`, "535 250"],
  ["no base64", "AUTH PLAIN !!\nAUTH PLAIN\n???\nNOOP\n", "501 334 501 250"],
  ["no UTF-8", `AUTH PLAIN ${btoa("\0\xff\0x")}\n`, "501"],
  ["an empty answer", "AUTH PLAIN =\nAUTH LOGIN =\n=\n", "501 334 501"],
  ["called off", "AUTH PLAIN\n*\nAUTH LOGIN\n*\nNOOP\n", "334 501 334 501 250"],
  ["unknown", "AUTH CRAM-MD5\nAUTH\nAUTH PLAIN a b\n", "504 501 501"],
  ["twice", `AUTH PLAIN ${PLAIN}\nAUTH PLAIN ${PLAIN}\n`, "235 503"],
  ["within a mail", `MAIL FROM:<a@b.c>\nAUTH PLAIN ${PLAIN}\n`, "250 503"],
  ["MAIL with AUTH=", "MAIL FROM:<a@b.c> AUTH=<>\n", "250"],
];

for (const [what, text, expected] of LOGINS) {
  Deno.test(`AUTH: ${what}`, async () => {
    assert.equal(codes(await talk(`EHLO me\n${text}`, secured())), `220 250 ${expected}`);
  });
}

Deno.test("AUTH: not before EHLO, and not in clear", async () => {
  assert.equal(codes(await talk(`AUTH PLAIN ${PLAIN}\n`, secured())), "220 503");
  const host = secured({ login: "after TLS", verify: () => assert.fail("asked in clear") });
  assert.equal(codes(await talk(`EHLO me\nAUTH PLAIN ${PLAIN}\n`, host)), "220 250 538");
});

Deno.test("AUTH: three wrong passwords end the conversation", async () => {
  const wrong = `AUTH PLAIN ${btoa("\0ann\0x")}\n`;
  const said = await talk(`EHLO me\n${wrong.repeat(5)}`, secured());
  assert.equal(codes(said), "220 250 535 535 535 421");
});

Deno.test("MAIL: only after a login where one is needed", async () => {
  const host = secured({ needsLogin: true });
  const text = `EHLO me\nMAIL FROM:<a@b.c>\nAUTH PLAIN ${PLAIN}\nMAIL FROM:<a@b.c>\n` +
    "RCPT TO:<d@e.f>\nDATA\nx: y\n.\n";
  const said = await talk(text, host);
  assert.equal(codes(said), "220 250 530 235 250 250 354 250");
  assert.equal(said.taken[0]?.client.user, "ann");
});

Deno.test("STARTTLS: what was said before it is forgotten", async () => {
  const host = secured({ needsLogin: true });
  const input = ["EHLO me\r\n", `AUTH PLAIN ${PLAIN}\r\n`, "STARTTLS\r\n", "MAIL FROM:<a@b.c>\r\n"];
  // Each command comes by itself: a client waits for the answer.
  const said = await converse(input.join(""), { host, pieces: input });
  assert.equal(codes(said), "220 250 235 220 503");
  assert.equal(host.tlsBegun, 1);
});

Deno.test("STARTTLS: what is sent along with it in clear is not obeyed, and ends it all", async () => {
  for (const injected of ["MAIL FROM:<evil@b.c>\r\n", "\r\n", "x"]) {
    const host = secured();
    const input = ["EHLO me\r\n", `STARTTLS\r\n${injected}`, "NOOP\r\n"];
    const said = await converse(input.join(""), { host, pieces: input });
    assert.equal(codes(said), "220 250 421");
    assert.equal(host.tlsBegun, 0);
  }
});

Deno.test("STARTTLS: one that fails ends the conversation", async () => {
  const host = secured({ startTls: () => Promise.resolve(false) });
  const input = ["EHLO me\r\n", "STARTTLS\r\n", "NOOP\r\n"];
  assert.equal(codes(await converse(input.join(""), { host, pieces: input })), "220 250 220");
});

Deno.test("SmtpSession: too many errors, or commands that bring no mail, end the conversation", async () => {
  const host = { limits: { recipients: 2, errors: 3, idleCommands: 5 } };
  const errors = await talk("EHLO me\nFOO\nBAR\nBAZ\nNOOP\n", host);
  assert.equal(codes(errors), "220 250 500 500 500 421");
  const idle = await talk(`EHLO me\n${"NOOP\n".repeat(9)}`, host);
  assert.equal(codes(idle), "220 250 250 250 250 250 421");
  const mail = "MAIL FROM:<a@b.c>\nRCPT TO:<d@e.f>\nDATA\nx: y\n.\n";
  const busy = await talk(`EHLO me\n${`NOOP\nNOOP\nNOOP\n${mail}`.repeat(3)}`, host);
  assert.equal(busy.taken.length, 3);
  const many = await talk(`EHLO me\nMAIL FROM:<a@b.c>\n${"RCPT TO:<d@e.f>\n".repeat(3)}`, host);
  assert.equal(codes(many), "220 250 250 250 250 452");
});
