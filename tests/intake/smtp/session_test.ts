import assert from "node:assert/strict";
import { MailqError } from "../../../src/queue/errors.ts";
import { codes, converse } from "./conversation.ts";

function lines(...commands: string[]): string {
  return commands.map((command) => `${command}\r\n`).join("");
}

const BEGIN = ["EHLO me", "MAIL FROM:<a@b.c>"];
const OPEN = [...BEGIN, "RCPT TO:<d@e.f>"];

Deno.test("SmtpSession: takes a message and says so after the dot", async () => {
  const talk = await converse(
    lines(...OPEN, "DATA", "Subject: x", "", "..a", ".", "QUIT"),
  );
  assert.equal(codes(talk), "220 250 250 250 354 250 221");
  assert.deepEqual(talk.taken, [{
    mail: {
      sender: "a@b.c",
      sizeBytes: null,
      isUtf8: false,
      ret: null,
      envid: null,
      asksDsn: false,
    },
    recipients: [{ recipient: "d@e.f", dsn: null }],
    client: { helo: "me", isExtended: true, user: null },
    text: "Subject: x\r\n\r\n.a\r\n",
  }]);
  assert.equal(talk.replies[5], "250 2.0.0 Ok: queued as id1");
  assert.equal(talk.error, null);
});

Deno.test("SmtpSession: EHLO offers what is kept", async () => {
  const { said } = await converse(lines("EHLO me", "HELO me"));
  assert.equal(
    said,
    lines(
      "220 host.test ESMTP mailq",
      "250-host.test",
      "250-PIPELINING",
      "250-SIZE 10000",
      "250-8BITMIME",
      "250-SMTPUTF8",
      "250-DSN",
      "250-CHUNKING",
      "250-ENHANCEDSTATUSCODES",
      "250 HELP",
      "250 host.test",
    ),
  );
});

/** After the greeting: what is said, and the codes of the replies. */
const TALKS: readonly (readonly [string, readonly string[], string])[] = [
  [
    "verbs in any case",
    ["ehlo me", "Mail from:<a@b.c>", "rcpt tO:<d@e.f>", "rset"],
    "250 250 250 250",
  ],
  ["blanks at the end", ["EHLO me  ", "MAIL FROM:<a@b.c> ", "RSET  "], "250 250 250"],
  ["a blank after the colon", ["EHLO me", "MAIL FROM: <a@b.c>", "RCPT TO: <d@e.f>"], "250 250 250"],
  ["the null sender", ["EHLO me", "MAIL FROM:<>"], "250 250"],
  ["a source route", ["EHLO me", "MAIL FROM:<@x,@y:a@b.c>"], "250 250"],
  [
    "a quoted local part",
    ["EHLO me", 'MAIL FROM:<"a> b"@b.c>', 'RCPT TO:<"x@y"@z>'],
    "250 250 250",
  ],
  ["a bare local recipient", [...BEGIN, "RCPT TO:<Postmaster>"], "250 250 250"],
  ["every parameter of MAIL", [
    "EHLO me",
    "MAIL FROM:<a@b.c> SIZE=10000 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=a+2Bb",
  ], "250 250"],
  ["both parameters of RCPT", [
    ...BEGIN,
    "RCPT TO:<d@e.f> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;x@y.z",
    "RCPT TO:<d@e.f> notify=never",
  ], "250 250 250 250"],
  [
    "NOOP, VRFY, HELP and QUIT at any time",
    ["NOOP x", "VRFY a", "HELP", "QUIT"],
    "250 252 214 221",
  ],
  [
    "some recipients refused",
    [...BEGIN, "RCPT TO:<refused@x>", "RCPT TO:<d@e.f>", "DATA", "."],
    "250 250 553 250 354 250",
  ],
  ["one message after another", [
    ...OPEN,
    "DATA",
    ".",
    "MAIL FROM:<>",
    "RCPT TO:<x@y>",
    "DATA",
    ".",
  ], "250 250 250 354 250 250 250 354 250"],
  ["RSET forgets", [...OPEN, "RSET", "DATA", "MAIL FROM:<>"], "250 250 250 250 503 250"],
  ["EHLO forgets", [...OPEN, "EHLO me", "RCPT TO:<a@b>"], "250 250 250 250 503"],
  ["MAIL without EHLO", ["MAIL FROM:<a@b.c>"], "503"],
  ["MAIL twice", [...BEGIN, "MAIL FROM:<a@b.c>", "RCPT TO:<d@e.f>"], "250 250 503 250"],
  ["RCPT without MAIL", ["EHLO me", "RCPT TO:<d@e.f>"], "250 503"],
  ["DATA without MAIL", ["EHLO me", "DATA", "NOOP"], "250 503 250"],
  [
    "DATA without a recipient",
    [...BEGIN, "RCPT TO:<refused@x>", "DATA", "NOOP"],
    "250 250 553 554 250",
  ],
  ["EHLO without a name", ["EHLO", "HELO", "EHLO a b"], "501 501 501"],
  ["arguments where there are none", ["RSET x", "DATA x", "QUIT x", "VRFY"], "501 501 501 501"],
  [
    "no brackets",
    ["EHLO me", "MAIL FROM:a@b.c", "MAIL a@b.c", "MAIL", "MAIL TO:<a@b.c>"],
    "250 501 501 501 501",
  ],
  ["brackets that do not close", [
    "EHLO me",
    "MAIL FROM:<a@b.c",
    "MAIL FROM:<<a@b.c>>",
    "MAIL FROM:<a@b.c>>",
  ], "250 501 501 501"],
  ["text after the address", [
    ...BEGIN,
    "RCPT TO:<d@e.f>x",
    "RCPT TO:<d@e.f> x y=",
    "RCPT TO:<d@e.f> ,<x@y>",
  ], "250 250 501 501 501"],
  ["addresses that are none", [
    ...BEGIN,
    "RCPT TO:<>",
    "RCPT TO:<a@b@c>",
    "RCPT TO:<a b@c>",
    "RCPT TO:<a@b,c@d>",
  ], "250 250 553 553 501 553"],
  ["unknown parameters", [
    "EHLO me",
    "MAIL FROM:<a@b.c> FOO=1",
    "MAIL FROM:<a@b.c> AUTH=<>",
    "MAIL FROM:<a@b.c>",
    "RCPT TO:<a@b> SIZE=1",
  ], "250 555 555 250 555"],
  ["parameters twice", ["EHLO me", "MAIL FROM:<a@b.c> SIZE=1 size=2"], "250 501"],
  ["bad values", [
    "EHLO me",
    "MAIL FROM:<a@b.c> SIZE=x",
    "MAIL FROM:<a@b.c> SIZE",
    "MAIL FROM:<a@b.c> BODY=9BIT",
    "MAIL FROM:<a@b.c> SMTPUTF8=yes",
    "MAIL FROM:<a@b.c> RET=some",
    "MAIL FROM:<a@b.c> ENVID=a+2",
    "MAIL FROM:<a@b.c> ENVID=a+0A",
    `MAIL FROM:<a@b.c> ENVID=${"x".repeat(101)}`,
    "MAIL FROM:<a@b.c>",
    "RCPT TO:<d@e.f> NOTIFY=NEVER,SUCCESS",
    "RCPT TO:<d@e.f> NOTIFY=",
    "RCPT TO:<d@e.f> NOTIFY",
    "RCPT TO:<d@e.f> ORCPT=x@y",
    "RCPT TO:<d@e.f> ORCPT=rfc822;+zz",
  ], "250 501 501 501 501 501 501 501 501 250 501 501 501 501 501"],
  ["a size over the limit", [
    "EHLO me",
    "MAIL FROM:<a@b.c> SIZE=10001",
    "MAIL FROM:<a@b.c> SIZE=99999999999999999999",
  ], "250 552 552"],
  ["what there is not", [
    "EXPN x",
    "STARTTLS",
    "AUTH PLAIN x",
    "ETRN x",
    "GET / HTTP/1.1",
    "",
    "é",
  ], "502 502 502 502 500 500 500"],
  ["controls in a line", ["NOOP \x00", "NOOP \t", "NOOP \x1b[2J", "NOOP"], "500 500 500 250"],
  [
    "a line that is too long",
    [`NOOP ${"x".repeat(3_000)}`, `NOOP ${"x".repeat(200_000)}`, "NOOP"],
    "500 500 250",
  ],
  ["a line that may be so long", [`NOOP ${"x".repeat(2_000)}`], "250"],
];

for (const [what, commands, expected] of TALKS) {
  Deno.test(`SmtpSession: ${what}`, async () => {
    assert.equal(codes(await converse(lines(...commands))), `220 ${expected}`);
    assert.equal(codes(await converse(lines(...commands), { pieceSize: 3 })), `220 ${expected}`);
  });
}

Deno.test("SmtpSession: non-ASCII addresses need SMTPUTF8", async () => {
  const utf8 = (text: string) => String.fromCharCode(...new TextEncoder().encode(text));
  const talk = await converse(utf8(lines(
    "EHLO me",
    "MAIL FROM:<jörg@b.c>",
    "MAIL FROM:<jörg@b.c> SMTPUTF8",
    "RCPT TO:<дом@e.f>",
    "DATA",
    ".",
    "MAIL FROM:<a@b.c>",
    "RCPT TO:<дом@e.f>",
  )));
  assert.equal(codes(talk), "220 250 553 250 250 354 250 250 553");
  assert.equal(talk.taken[0]?.mail.sender, "jörg@b.c");
  assert.equal(talk.taken[0]?.recipients[0]?.recipient, "дом@e.f");
});

Deno.test("SmtpSession: gives the wishes on, not encoded", async () => {
  const { taken: [one] } = await converse(lines(
    "EHLO me",
    "MAIL FROM:<a@b.c> RET=FULL ENVID=x+2By+3D",
    "RCPT TO:<d@e.f> NOTIFY=FAILURE,SUCCESS ORCPT=rfc822;d+2Bx@e.f",
    "RCPT TO:<g@h.i>",
    "DATA",
    ".",
  ));
  assert.deepEqual([one?.mail.ret, one?.mail.envid], ["full", "x+y="]);
  assert.deepEqual(one?.recipients, [
    { recipient: "d@e.f", dsn: { notify: ["success", "failure"], orcpt: "rfc822;d+x@e.f" } },
    { recipient: "g@h.i", dsn: null },
  ]);
});

Deno.test("SmtpSession: a pipelined group is answered in one go, DATA before its text comes", async () => {
  const group = lines(...OPEN, "DATA");
  const { flushes } = await converse(group + lines("x", ".", "QUIT"), { pieceSize: group.length });
  assert.equal(flushes.length, 2);
  assert.match(flushes[0] ?? "", /^220 /);
  assert.match(flushes[1] ?? "", /^250-host[^]*\r\n354 [^\r]*\r\n$/);
});

const SMUGGLED: readonly (readonly [string, string])[] = [
  ["LF dot LF", "\n.\n"],
  ["LF dot CRLF", "\n.\r\n"],
  ["CRLF dot LF", "\r\n.\n"],
  ["CR dot CR", "\r.\r"],
  ["CR dot CRLF", "\r.\r\n"],
  ["CRLF dot CR", "\r\n.\r"],
  ["CRLF NUL dot CRLF", "\r\n\0.\r\n"],
];

for (const [what, end] of SMUGGLED) {
  Deno.test(`SmtpSession: ${what} ends no message, and nothing after it is a command`, async () => {
    const evil = `x${end}MAIL FROM:<evil@x>\r\nRCPT TO:<victim@y>\r\nDATA\r\nevil`;
    const talk = await converse(lines(...OPEN, "DATA", evil, ".", "QUIT"));
    assert.equal(codes(talk), "220 250 250 250 354 250 221");
    assert.equal(talk.taken.length, 1);
    assert.match(talk.taken[0]?.text ?? "", /MAIL FROM:<evil@x>/);
  });
}

Deno.test("SmtpSession: a bare LF or CR within a command begins no other", async () => {
  for (const end of ["\n", "\r", "\n\r"]) {
    const talk = await converse(
      lines(...BEGIN, `RCPT TO:<d@e.f>${end}RCPT TO:<victim@y>`, "RCPT TO:<g@h.i>", "DATA", "."),
    );
    assert.equal(codes(talk), "220 250 250 500 250 354 250", JSON.stringify(end));
    assert.deepEqual(talk.taken[0]?.recipients.map((one) => one.recipient), ["g@h.i"]);
  }
  const first = await converse(lines("EHLO me\nMAIL FROM:<a@b.c>", "NOOP"));
  assert.equal(codes(first), "220 250 500 500", "who begins with LF may not change to CRLF");
});

Deno.test("SmtpSession: somebody at a terminal may end lines with LF, from the first on", async () => {
  const typed = lines(...OPEN, "DATA", "Subject: x", "", "..a", ".", "QUIT").replaceAll("\r", "");
  const talk = await converse(typed);
  assert.equal(codes(talk), "220 250 250 250 354 250 221");
  assert.equal(talk.taken[0]?.text, "Subject: x\n\n.a\n");
});

Deno.test("SmtpSession: input that ends within a message queues nothing and is an error", async () => {
  for (const rest of ["", "Subject: x\r\n", "x\r\n.", "x\r\n.\r", "x\r\n.\n"]) {
    const talk = await converse(lines(...OPEN, "DATA") + rest);
    assert.equal(codes(talk), "220 250 250 250 354");
    assert.deepEqual(talk.taken, []);
    assert.ok(talk.error instanceof MailqError && talk.error.code === "input_unreadable");
  }
});

Deno.test("SmtpSession: input that ends elsewhere is a goodbye; half a command counts for nothing", async () => {
  const talk = await converse(lines(...BEGIN) + "RCPT TO:<d@e.f>");
  assert.equal(codes(talk), "220 250 250");
  assert.equal(talk.error, null);
});

const CAUSES: readonly (readonly [unknown, string])[] = [
  [new MailqError("busy", "The queue is busy"), "451 4.3.0 The queue is busy"],
  [new MailqError("io_error", "It broke"), "451 4.3.0 It broke"],
  [new MailqError("disk_full", "No room"), "452 4.3.1 No room"],
  [new MailqError("permission", "Not you"), "451 4.3.0 Not you"],
  [new MailqError("config_invalid", "Wrong"), "451 4.3.5 Wrong"],
  [new MailqError("bad_message", "Odd\r\n250 header"), "554 5.6.0 Odd?250 header"],
  [new MailqError("bad_address", "Bad"), "554 5.1.3 Bad"],
  [new Error("bug"), "451 4.3.0 Cannot queue the message: a fault of the server's"],
];

for (const [cause, expected] of CAUSES) {
  Deno.test(`SmtpSession: mail that cannot be stored is ${expected.slice(0, 9)} for ${cause}`, async () => {
    const host = { queue: () => Promise.reject(cause) };
    const talk = await converse(
      lines(...OPEN, "DATA", "Subject: x", "", "MAIL FROM:<x@y>", ".", "NOOP"),
      { host },
    );
    assert.equal(codes(talk).slice(0, 19), "220 250 250 250 354");
    assert.deepEqual(talk.replies.slice(5), [expected, "250 2.0.0 Ok"]);
  });
}

Deno.test("SmtpSession: a message over the limit is 552, after its dot", async () => {
  const talk = await converse(
    lines(...OPEN, "DATA", "x".repeat(20_000), "MAIL FROM:<x@y>", ".", "NOOP"),
  );
  assert.deepEqual(talk.replies.slice(5), [
    "552 5.3.4 Cannot take so large a message: max_size is 10000 bytes",
    "250 2.0.0 Ok",
  ]);
  assert.deepEqual(talk.taken, []);
});

Deno.test("SmtpSession: the ten thousand and first recipient is one too many for now", async () => {
  const many = Array.from({ length: 10_001 }, (_, n) => `RCPT TO:<a${n}@b.c>`);
  const talk = await converse(lines(...BEGIN, ...many, "DATA", "."));
  assert.match(talk.replies.at(-3) ?? "", /^452 4\.5\.3 /);
  assert.equal(talk.taken[0]?.recipients.length, 10_000);
});
