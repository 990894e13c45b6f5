import assert from "node:assert/strict";
import fc from "fast-check";
import { codes, converse } from "./conversation.ts";

const OPEN = "EHLO me\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\n";

Deno.test("BDAT: takes a message in chunks, whatever is in them", async () => {
  const text = "Subject: x\r\n\r\n.\r\n.a\r\nQUIT\r\n\n.\n";
  const talk = await converse(
    `${OPEN}BDAT 12\r\n${text.slice(0, 12)}BDAT 0\r\nbdat ${text.length - 12} last\r\n${
      text.slice(12)
    }NOOP\r\n`,
  );
  assert.equal(codes(talk), "220 250 250 250 250 250 250 250");
  assert.equal(talk.taken[0]?.text, text);
});

Deno.test("BDAT: an empty last chunk ends the message", async () => {
  const talk = await converse(`${OPEN}BDAT 5\r\na: b\nBDAT 0 LAST\r\n`);
  assert.equal(talk.taken[0]?.text, "a: b\n");
});

Deno.test("BDAT: a refused chunk is passed over, and none of it is obeyed", async () => {
  const hidden = "RSET\r\nQUIT\r\n";
  for (
    const [before, code] of [["", 503], ["EHLO me\r\nMAIL FROM:<a@b.c>\r\n", 554]] as const
  ) {
    const talk = await converse(`${before}BDAT ${hidden.length} LAST\r\n${hidden}NOOP\r\n`);
    assert.match(codes(talk), new RegExp(`${code} 250$`));
    assert.deepEqual(talk.taken, []);
  }
});

Deno.test("BDAT: DATA, RCPT and a second MAIL have no place between chunks; RSET has", async () => {
  const talk = await converse(
    `${OPEN}BDAT 1\r\nxDATA\r\nRCPT TO:<g@h.i>\r\nMAIL FROM:<>\r\nRSET\r\nBDAT 1 LAST\r\ny`,
  );
  assert.equal(codes(talk), "220 250 250 250 250 503 503 503 250 503");
  assert.deepEqual(talk.taken, []);
});

Deno.test("BDAT: too much in all is 552, at the chunk that is too much, and the mail is lost", async () => {
  const chunk = `BDAT 6000\r\n${"x".repeat(6000)}`;
  const talk = await converse(`${OPEN}${chunk}${chunk}BDAT 1 LAST\r\nyNOOP\r\n`);
  assert.equal(codes(talk), "220 250 250 250 250 552 503 250");
  assert.deepEqual(talk.taken, []);
});

for (const rest of ["", "x", "-1", "1 2", "1 LAST x", "0x10", "9".repeat(20)]) {
  Deno.test(`BDAT: what follows "BDAT ${rest}" is not guessed: the conversation ends`, async () => {
    const talk = await converse(`${OPEN}BDAT ${rest}\r\nNOOP\r\nNOOP\r\n`);
    assert.equal(codes(talk), "220 250 250 250 501");
  });
}

Deno.test("BDAT: input that ends in a chunk queues nothing", async () => {
  const talk = await converse(`${OPEN}BDAT 10 LAST\r\nabc`);
  assert.match(String(talk.error), /ended in the middle/);
  assert.deepEqual(talk.taken, []);
});

Deno.test("BDAT: any bytes in any chunks, however they come, are the message", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.string({ unit: fc.constantFrom("\r", "\n", ".", "a", "\0", "\xff"), maxLength: 9 }),
      ),
      fc.integer({ min: 1, max: 30 }),
      async (chunks, pieceSize) => {
        const sent = chunks.map((chunk) => `BDAT ${chunk.length}\r\n${chunk}`).join("");
        const talk = await converse(`${OPEN}${sent}BDAT 0 LAST\r\nNOOP\r\n`, { pieceSize });
        assert.equal(talk.taken[0]?.text, chunks.join(""));
        assert.equal(talk.replies.at(-1), "250 2.0.0 Ok");
      },
    ),
    { numRuns: 300 },
  );
});
