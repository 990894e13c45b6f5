import assert from "node:assert/strict";
import { prepareMessage } from "../../src/intake/prepare.ts";
import { MailqError } from "../../src/queue/errors.ts";
import { leastCpuMs } from "../support/cpu_time.ts";
import { bytesOf, intakeOptions } from "./intake_options.ts";

const OPTIONS = intakeOptions({ to: [] });
const SMALL = 60_000;
/** Work that grows with the square of the size would grow by 36 from the one to the other. */
const GROWTH = 6;
const MOST = 18;

/** Shapes of input that have been the ruin of one parser or another. */
const SHAPES: Readonly<Record<string, readonly [begin: string, again: string, end?: string]>> = {
  "a header of short fields": ["To: a@b.c\r\n", "A: b\r\n"],
  "a field of one line": ["To: a@b.c\r\nSubject: ", "x"],
  "a field of many folds": ["To: a@b.c\r\nSubject: x", "\n\t"],
  "recipients": ["To: ", "ann@example.org, "],
  "recipients with names and folds": ["To: ", '"A, B" <a@b.c>,\r\n '],
  "recipients of a field each": ["", "Bcc: ann@example.org\r\n"],
  "comments in a row": ["To: a@b.c ", "(c) "],
  "comments within comments": ["To: a@b.c ", "(()"],
  "a comment of escapes": ["To: a@b.c (", "\\(", ")"],
  "quoted strings before an address": ["To: ", '"\\x" ', "<a@b.c>"],
  "a quoted string of escapes": ['To: "', 'x\\"', '" <a@b.c>'],
  "words before an address": ["To: ", "x ", "<a@b.c>"],
  "groups": ["To: ", "g: a@b.c; "],
  "empty entries": ["To: a@b.c", ",;"],
  "brackets": ["To: a@", "["],
  "address literals": ["To: ", "a@[192.0.2.1], "],
  "an angle that is not closed": ["To: <", "a@b.c,"],
  "encoded words in a row": ["To: a@b.c\r\nSubject: ", "=?utf-8?q?=0D=0A?= "],
  "beginnings of encoded words": ["To: a@b.c\r\nSubject: ", "=?x?q?"],
  "names in a DKIM signature": ["To: a@b.c\r\nDKIM-Signature: h=", "from:"],
  "DKIM signatures": ["To: a@b.c\r\n", "DKIM-Signature: h=from\r\n"],
  "our own fields": ["To: a@b.c\r\n", "X-Mail-Queue-X: y\r\n"],
  "a time without end": ["To: a@b.c\r\nX-Mail-Queue-Send-At: ", "2026"],
  "a duration without end": ["To: a@b.c\r\nX-Mail-Queue-Expires-In: ", "1d"],
  "mbox lines": ["From x\r\n", ">From x\r\n", "To: a@b.c\r\n"],
  "bare CRs": ["To: a@b.c\r\n\r\n", "\r"],
  "lines of a dot": ["To: a@b.c\r\n\r\n", ".\n"],
  "bytes that are no text": ["To: a@b.c\r\nSubject: ", "\xff"],
  "letters beyond ASCII": ["To: ", "\xc3\xa4@b.c, "],
};

function shaped(name: string, sizeBytes: number): Uint8Array {
  const [begin, again, end = ""] = SHAPES[name] ?? ["", ""];
  return bytesOf(begin + again.repeat(Math.ceil(sizeBytes / again.length)) + end);
}

/** What it takes to take a message in, or to refuse it, at best. */
function bestMs(bytes: Uint8Array): Promise<number> {
  return leastCpuMs(() =>
    prepareMessage(bytes, OPTIONS).catch((error) => {
      assert.ok(error instanceof MailqError, String(error));
      assert.ok(error.message.length < 500, "an error stays short");
    })
  );
}

for (const name of Object.keys(SHAPES)) {
  Deno.test(`linear: the work for ${name} grows with the size, not faster`, async () => {
    const [small, large] = [shaped(name, SMALL), shaped(name, SMALL * GROWTH)];
    let growth = Infinity;
    // Compiling and collecting garbage slow one of the two at times, but not the same one each time.
    for (let n = 0; n < 6 && growth > MOST; n++) {
      // Below a millisecond it is the clock that is measured.
      growth = Math.min(growth, await bestMs(large) / Math.max(1, await bestMs(small)));
    }
    assert.ok(growth <= MOST, `${GROWTH} times the size took ${growth.toFixed(1)} times as long`);
  });
}

Deno.test("linear: ten thousand recipients are each taken once", async () => {
  const addresses = Array.from({ length: 10_000 }, (_, n) => `user${n}@example.org`);
  const text = `To: ${[...addresses, ...addresses].join(",\r\n ")}\r\n\r\n`;
  const { message } = await prepareMessage(bytesOf(text), OPTIONS);
  assert.deepEqual(message.recipients, addresses);
});
