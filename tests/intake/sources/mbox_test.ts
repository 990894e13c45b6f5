import assert from "node:assert/strict";
import fc from "fast-check";
import { type MboxFormat, mboxInputs } from "../../../src/intake/sources/mbox.ts";
import type { ByteSource } from "../../../src/intake/sources/files.ts";
import { MailqError } from "../../../src/queue/errors.ts";
import { bytesOf, textOf } from "../intake_options.ts";

/** Gives bytes in reads of these sizes, over and over. */
function sourceOf(bytes: Uint8Array, steps: readonly number[] = [Infinity]): ByteSource {
  let at = 0, reads = 0;
  return {
    readSync(into) {
      if (at === bytes.length) return null;
      const step = steps[reads++ % steps.length] ?? 1;
      const piece = bytes.subarray(at, at + Math.min(step, into.length));
      into.set(piece);
      at += piece.length;
      return piece.length;
    },
  };
}

async function messagesOf(
  text: string,
  format: MboxFormat = "mboxrd",
  steps?: readonly number[],
): Promise<string[]> {
  const messages: string[] = [];
  for (const input of mboxInputs(["-"], sourceOf(bytesOf(text), steps), format)) {
    const bytes = input.read();
    if (bytes.kind === "whole") messages.push(textOf(bytes.bytes));
    else {
      let message = textOf(bytes.head);
      for await (const piece of bytes.rest) message += textOf(piece);
      messages.push(message);
    }
  }
  return messages;
}

/** The same once more, slowly, line by line. */
function splitSlowly(text: string, format: MboxFormat): string[] {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const isEmpty = (line: string | undefined) => /^\r{0,2}\n$/.test(line ?? "");
  while (isEmpty(lines[0])) lines.shift();
  const isDated = (line = "") => /^From [^\r\n]*\d\d:\d\d:\d\d \d{4}\r*\n?$/.test(line);
  const hasDates = isDated(lines[0]);
  const messages: string[][] = [];
  let current: string[] = [];
  lines.forEach((line, i) => {
    const isBelowEmpty = i === 0 || (current.length > 0 && isEmpty(lines[i - 1]));
    if (line.startsWith("From ") && isBelowEmpty && (!hasDates || isDated(line))) {
      if (i > 0) current.pop();
      current = [];
      messages.push(current);
    } else current.push(line);
  });
  if (isEmpty(current.at(-1))) current.pop();
  const unquoted = (line: string) => format === "mboxrd" ? line.replace(/^>(>*From )/, "$1") : line;
  return messages.map((message) => message.map(unquoted).join(""));
}

const DATED = "From a@b.test Sat Nov 21 10:00:00 2026\n";

const cases: readonly [what: string, text: string, messages: readonly string[]][] = [
  ["an empty file holds none", "", []],
  ["a file of empty lines holds none", "\n\r\n\n", []],
  ["one message", "From a x\nA: 1\n\nb\n\n", ["A: 1\n\nb\n"]],
  ["the last empty line may be missing", "From a\nA: 1\n\nb\n", ["A: 1\n\nb\n"]],
  ["the last line's end may be missing", "From a\nA: 1\n\nb", ["A: 1\n\nb"]],
  ["two messages", "From a\nA: 1\n\nFrom b\nB: 1\n\n", ["A: 1\n", "B: 1\n"]],
  ["a From line below text is text", "From a\n\nx\nFrom b\ny\n\n", ["\nx\nFrom b\ny\n"]],
  ["of several empty lines one goes", "From a\nx\n\n\n\nFrom b\ny\n\n\n", ["x\n\n\n", "y\n\n"]],
  ["a message may be empty", "From a\n\nFrom b\n\n", ["", ""]],
  ["one > goes", "From a\n\n>From x\n>>From y\n>>>From z\n", ["\nFrom x\n>From y\n>>From z\n"]],
  ["> without From stays", "From a\n\n>\n>>\n>Frop x\n> From y\n x>From z\n", [
    "\n>\n>>\n>Frop x\n> From y\n x>From z\n",
  ]],
  ["CRLF files", "From a\r\nA: 1\r\n\r\n>From x\r\n\r\nFrom b\r\nB: 1\r\n\r\n", [
    "A: 1\r\n\r\nFrom x\r\n",
    "B: 1\r\n",
  ]],
  ["files of CR CR LF", "From a\r\r\nA: 1\r\r\n\r\r\nb\r\r\n\r\r\nFrom b\r\r\nB: 1\r\r\n", [
    "A: 1\r\r\n\r\r\nb\r\r\n",
    "B: 1\r\r\n",
  ]],
  [
    "where separators have a date, From in the text has none",
    `${DATED}A: 1\n\nFrom here on it is dry.\n\nFrom\n\nFrom Sat Nov 21\n\n${DATED}B: 1\n`,
    ["A: 1\n\nFrom here on it is dry.\n\nFrom\n\nFrom Sat Nov 21\n", "B: 1\n"],
  ],
  [
    "a line that goes on behind the date is text",
    `${DATED}\n${DATED.trimEnd()} he wrote:\n\nFrom x\n`,
    [`\n${DATED.trimEnd()} he wrote:\n\nFrom x\n`],
  ],
  ["a bare CR is no empty line", "From a\nA: 1\n\n\rFrom x\n\r\rFrom y\n", [
    "A: 1\n\n\rFrom x\n\r\rFrom y\n",
  ]],
  ["NUL and 8-bit stay", "From a\nA: \0\xff\n\n\xe9\0\n\n", ["A: \0\xff\n\n\xe9\0\n"]],
  ["empty lines before the first From line are skipped", "\n\r\nFrom a\nx\n", ["x\n"]],
];

for (const [what, text, messages] of cases) {
  Deno.test(`mboxInputs: ${what}`, async () => {
    for (const steps of [undefined, [1], [2, 3], [7]]) {
      assert.deepEqual(await messagesOf(text, "mboxrd", steps), messages);
    }
    assert.deepEqual(splitSlowly(text, "mboxrd"), messages, "the reference agrees");
  });
}

Deno.test("mboxInputs: knows the separators that programs write", async () => {
  const separators = [
    "From MAILER-DAEMON Sat Nov 21 10:00:00 2026",
    "From - Sat Nov 21 10:00:00 2026",
    "From Sat Nov  1  9:00:00 2026",
    "From a at b.test  Sat Nov 21 10:00:00 2026",
    "From 1810@xxx Sat Nov 21 10:00:00 +0000 2026",
    "From a@b.test Sat Nov 21 10:00:00 2026 +0100",
    "From a@b.test Sat Nov 21 10:00:00 MET DST 2026",
    "From a@b.test Sat Nov 21 10:00 2026",
    "From a@b.test Sat Nov 21 10:00:00 96",
    'From "a b"@c.test Sat Nov 21 10:00:00 2026',
    "From \xe4@b.test Sat Nov 21 10:00:00 2026",
    "From a@b.test Sat, 21 Nov 2026 10:00:00 +0100 (CET)",
    "From a@b.test 21 Nov 2026 10:00:00 GMT",
    "From a@b.test 2026-11-21T10:00:00Z",
    "From a Sat Nov 21 10:00:00 2026 remote from b",
    "From a@b.test Sat Nov 21 10:00:00 2026 \r",
  ];
  for (const separator of separators) {
    const text = `${DATED}x\n\n${separator}\ny\n`;
    for (const steps of [[Infinity], [1], [11]]) {
      assert.deepEqual(await messagesOf(text, "mboxrd", steps), ["x\n", "y\n"], separator);
    }
    assert.deepEqual(await messagesOf(`${separator}\nx\n\nFrom y\n`), ["x\n\nFrom y\n"], separator);
  }
  const texts = [
    "From",
    "From ",
    "From Monday on",
    "From 10:00:00 to 2026",
    "From Sat Nov 21 10:00:00 on we met 26",
    "From a@b.test Sat Nov 21 10:00:00 2026, in Rome",
    "From a Samstag Nov 21 10:00:00 2026",
    `From ${"a".repeat(2000)} Sat Nov 21 10:00:00 2026`,
    "from a@b.test Sat Nov 21 10:00:00 2026",
  ];
  for (const line of texts) {
    const text = `x\n\n${line}\n`;
    for (const steps of [[Infinity], [1]]) {
      assert.deepEqual(await messagesOf(DATED + text, "mboxo", steps), [text], line);
    }
  }
});

Deno.test("mboxInputs: of mboxo the lines stay as they stand in the file", async () => {
  const text = "From a\n\n>From x\n>>From y\n\nFrom b\nz\n";
  assert.deepEqual(await messagesOf(text, "mboxo"), ["\n>From x\n>>From y\n", "z\n"]);
});

Deno.test("mboxInputs: what is no mbox names itself and what it found", async () => {
  for (const text of ["A: 1\n\nb\n", "from a\n", ">From a\n", "Fro", "\n\nFrom\n", "\0\x1b[2J"]) {
    const found = JSON.stringify(text.trimStart().split("\n")[0]);
    await assert.rejects(messagesOf(text), (error) => {
      assert(error instanceof MailqError);
      assert.equal(error.code, "bad_message");
      assert.equal(
        error.message,
        `standard input: it is no mbox: expected a line that begins with "From ", found ${found}`,
      );
      return true;
    });
  }
});

Deno.test("mboxInputs: names each message, and closes files it did not read to the end", () => {
  const folder = Deno.makeTempDirSync({ prefix: "mailq_mbox_" });
  try {
    const path = `${folder}/mbox`;
    Deno.writeTextFileSync(path, "From a\nx\n\nFrom b\ny\n");
    const source = sourceOf(bytesOf("From c\nz\n"));
    const names = [...mboxInputs([path, "-"], source, "mboxrd")].map((input) => input.name);
    assert.deepEqual(names, [
      `${path}, message 1`,
      `${path}, message 2`,
      "standard input, message 1",
    ]);
    // Deno's own check fails this test if the file stays open.
    for (const input of mboxInputs([path], source, "mboxrd")) {
      assert.equal(input.read().kind, "whole");
      break;
    }
    const missing = () => [...mboxInputs([`${folder}/no`], source, "mboxrd")];
    assert.throws(missing, { code: "input_unreadable" });
    assert.throws(() => [...mboxInputs([folder], source, "mboxrd")], { code: "input_unreadable" });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("mboxInputs: a message over 1 MB comes in pieces, the one after it whole", async () => {
  const line = "x".repeat(70) + "\n";
  const body = (line + ">From me\n" + "y".repeat(300_000) + "\n\n").repeat(8);
  const text = `From a\nA: 1\n\n${body}\nFrom b\nB: 1\n\n`;
  for (const steps of [[Infinity], [70_001], [4096, 1, 65_536]]) {
    const messages = await messagesOf(text, "mboxrd", steps);
    assert.equal(messages.length, 2);
    assert(messages[0] === `A: 1\n\n${body.replaceAll(">From", "From")}`);
    assert.equal(messages[1], "B: 1\n");
  }
});

Deno.test("mboxInputs: what of a large message was not read is skipped", () => {
  const text = `From a\n${"x".repeat(3_000_000)}\n\nFrom b\ny\n`;
  const kinds: string[] = [];
  for (const input of mboxInputs(["-"], sourceOf(bytesOf(text)), "mboxrd")) {
    kinds.push(input.read().kind);
  }
  assert.deepEqual(kinds, ["large", "whole"]);
});

Deno.test("mboxInputs: agrees with the slow reading, wherever reads are cut", async () => {
  const token = fc.constantFrom(
    "From ",
    "From",
    ">",
    "\n",
    "\r\n",
    "\r",
    "\n\n",
    "x",
    " ",
    "\0",
    "\r\r\n",
    DATED,
    "ÿ",
  );
  const text = fc.tuple(fc.constantFrom("From a\n", DATED), fc.array(token, { maxLength: 40 }))
    .map(([first, tokens]) => first + tokens.join(""));
  const steps = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 });
  const format = fc.constantFrom<MboxFormat>("mboxrd", "mboxo");
  await fc.assert(
    fc.asyncProperty(text, steps, format, async (text, steps, format) => {
      assert.deepEqual(await messagesOf(text, format, steps), splitSlowly(text, format));
    }),
    { numRuns: 3_000 },
  );
});

Deno.test("mboxInputs: takes any bytes without a crash", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      assert.equal(typeof (await messagesOf(`From ${textOf(bytes)}`)).length, "number");
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("mboxInputs: time is linear in the length of lines, marks and empty lines", async () => {
  const million = 1_000_000;
  for (const unit of [">", "x", "\n", "\r\n", "\r", ">From ", "\nFrom a\n"]) {
    const text = `From a\nA: 1\n\n${unit.repeat(million / unit.length)}`;
    const begun = performance.now();
    await messagesOf(text);
    const tookMs = performance.now() - begun;
    // Some 20 ms here; what is quadratic would take minutes.
    assert(tookMs < 5_000, `${JSON.stringify(unit)}: ${tookMs} ms`);
  }
});
