import assert from "node:assert/strict";
import fc from "fast-check";
import { prepareMessage } from "../../src/intake/prepare.ts";
import { prepareStream } from "../../src/intake/prepare_large.ts";
import type { IntakeOptions } from "../../src/intake/options.ts";
import { bytesOf, intakeOptions, textOf } from "./intake_options.ts";

/** Fields that a signature may cover, odd ones among them. */
const FIELD = fc.constantFrom(
  "From: root",
  "From: =?utf-8?q?J=C3=B6rg?=\r\n <j@x.test>",
  "From: a@b <c@d.test>",
  "Sender: (comment) s@x.test",
  "To: root, Ann <ann@x.test>",
  "To: undisclosed-recipients:;",
  "Cc: a(b)@c.test",
  "Reply-To: bare",
  "Subject:  \xc3\xa9 =?x?= \t",
  "Subject: twice",
  "Message-ID: <a@b>",
  "Date: no date",
  "MIME-Version: 1.0",
  `X-Long: ${"y".repeat(2000)}`,
  "X-Odd:\0\x01\xff",
  "list-id :  <l.x.test>",
);
const LINE = fc.constantFrom(
  "",
  " ",
  "text \t ",
  ".",
  "..",
  "From here",
  ">From there",
  "Bcc: in the text",
  "X-Mail-Queue-Tag: in the text",
  "--b",
  "Content-Type: application/pkcs7-signature",
  "z".repeat(3000),
  "\0\x80\xff",
  "a=",
);
/** What makes it a signed message: DKIM, S/MIME in two forms, OpenPGP. */
const SIGNATURE = fc.constantFrom(
  "DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; d=x.test; s=s;\r\n" +
    "\th=From:To:Cc:Subject:Date:Message-ID:From; bh=x; b=y",
  'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=b',
  "Content-Type: application/pkcs7-mime; smime-type=signed-data",
  'Content-Type: multipart/signed; protocol="application/pgp-signature"; boundary=b',
);
/** What intake may take out: no signature covers these. */
const OURS = fc.constantFrom("Bcc: h@x.test\r\n", "X-Mail-Queue-Priority: low\r\n", "");
const LINE_END = fc.constantFrom("\r\n", "\n", "\r\r\n");
const WAYS: readonly Partial<IntakeOptions>[] = [
  {},
  {
    takesSenderFromHeader: false,
    qualifiesHeader: true,
    fromName: "Cron",
    headerRecipients: "never",
  },
];

const ADDED = /^(?:(?:Message-ID|Date|From): [^\r\n]*\r\n)*/;

Deno.test("a signed message goes in as it was, but for line ends, Bcc and mailq's own fields", async () => {
  const message = fc.tuple(SIGNATURE, fc.array(FIELD, { maxLength: 8 }), fc.array(LINE), OURS);
  await fc.assert(
    fc.asyncProperty(
      message,
      LINE_END,
      fc.constantFrom(...WAYS),
      fc.nat(200),
      async ([signature, fields, body, ours], lineEnd, way, cut) => {
        const header = [signature, ...fields].map((field) => `${field}\r\n`);
        const text = body.map((line) => `${line}\r\n`).join("");
        const whole = `${header.join("")}\r\n${text}`;
        const given = bytesOf(`${ours}${whole}`.replaceAll("\r\n", lineEnd));
        const settings = { headerFrom: "force", forceFrom: "ops@x.test" } as const;
        const options = intakeOptions({ to: ["r@x.test"], ...way }, cut % 2 === 0 ? settings : {});
        const { message } = await prepareMessage(given.slice(), options);
        const taken = textOf(message.content);
        assert.ok(taken.endsWith(whole), "all that was signed is there, to the byte");
        const added = taken.slice(0, taken.length - whole.length);
        assert.equal(added.replace(ADDED, ""), "", "and nothing but missing fields above it");
        const names = header.map((field) => field.split(/\s*:/, 1)[0]?.toLowerCase());
        for (const name of added.match(/^[^:\r\n]+/gm) ?? []) {
          assert.ok(!names.includes(name.toLowerCase()), `${name} was there`);
          assert.ok(!signature.startsWith("DKIM"), `${name} was signed as absent`);
        }
        async function* rest() {
          yield await Promise.resolve(given.slice(cut));
        }
        const large = await prepareStream(given.slice(0, cut), rest(), options);
        let streamed = "";
        for await (const piece of large.pieces) streamed += textOf(piece);
        assert.ok(streamed.endsWith(whole));
      },
    ),
    { numRuns: 1500 },
  );
});
