import assert from "node:assert/strict";
import { childOk } from "../support/child.ts";
import fc from "fast-check";
import { formatDate } from "../../src/intake/header/edit.ts";
import type { IntakeOptions, IntakeSettings } from "../../src/intake/options.ts";
import { prepareMessage } from "../../src/intake/prepare.ts";
import { MailqError } from "../../src/queue/errors.ts";
import { bytesOf, intakeOptions, NOW, textOf } from "./intake_options.ts";
import { prepareSlowly, splitSlowly } from "./reference_intake.ts";

async function prepare(
  text: string,
  options: Partial<IntakeOptions> = {},
  settings: Partial<IntakeSettings> = {},
) {
  const { message, warnings } = await prepareMessage(
    bytesOf(text),
    intakeOptions(options, settings),
  );
  return { ...message, text: textOf(message.content), warnings };
}

const ID = "0123456789ab";
const MESSAGE_ID = `<${ID}.0c0d0e0f101112131415161718191a1b@host.example>`;
const DATE = formatDate(NOW);
const MISSING = `Message-ID: ${MESSAGE_ID}\r\nDate: ${DATE}\r\n`;
const FULL = "Message-ID: <a@b>\r\nDate: today\r\n";

const CASES: readonly [string, string, string][] = [
  ["keeps a whole message as it is", `${FULL}\r\n\0\xff\r\n`, `${FULL}\r\n\0\xff\r\n`],
  [
    "keeps broken MIME and long lines",
    `${FULL}Content-Type: multipart/x\r\n\r\n--${"y".repeat(5000)}\r\n`,
    `${FULL}Content-Type: multipart/x\r\n\r\n--${"y".repeat(5000)}\r\n`,
  ],
  ["gives CRLF line ends", "Message-ID: <a@b>\nDate: today\r\rx\n\ny", `${FULL}\r\nx\r\n\r\ny\r\n`],
  ["mends CRLF header over LF body, as PHP writes", `${FULL}\r\na\nb\n`, `${FULL}\r\na\r\nb\r\n`],
  ["adds Message-ID and Date", "Subject: x\n\ny\n", `${MISSING}Subject: x\r\n\r\ny\r\n`],
  [
    "adds one of them",
    "date: today\n\ny\n",
    `Message-ID: ${MESSAGE_ID}\r\ndate: today\r\n\r\ny\r\n`,
  ],
  ["adds a blank line below them where there is no header", "hello\n", `${MISSING}\r\nhello\r\n`],
  ["takes text with a blank line first", "\nhello\n", `${MISSING}\r\nhello\r\n`],
  ["makes a message of a blank line", "\n", `${MISSING}\r\n`],
  ["drops an mbox line", `From a@b Sun\n${FULL}\nFrom x\n`, `${FULL}\r\nFrom x\r\n`],
  [
    "keeps a text that begins with From",
    "From me\nto you\n",
    `${MISSING}\r\nFrom me\r\nto you\r\n`,
  ],
  ["drops a marked mbox line", `>From a@b Sun\r${FULL}`, `${FULL}\r\n`],
  [
    "drops Bcc and control fields",
    `bcc: x@y\n ,z@w\n${FULL}X-Mail-Queue-Tag: t\nResent-BCC: a@b`,
    `${FULL}\r\n`,
  ],
  [
    "keeps the blank line after a dropped field",
    `A: 1\rBcc: x\n\n${FULL}`,
    `${MISSING}A: 1\r\n\r\n${FULL}`,
  ],
  ["keeps Bcc below the header", `${FULL}\nhello\nBcc: x@y\n`, `${FULL}\r\nhello\r\nBcc: x@y\r\n`],
  [
    "puts a blank line between fields and text",
    `${FULL}hello\nmore: text\n`,
    `${FULL}\r\nhello\r\nmore: text\r\n`,
  ],
  ["ends a header that is all there is", FULL.trimEnd(), `${FULL}\r\n`],
  [
    "reads CR CR LF as one line end, in header and text",
    "Message-ID: <a@b>\r\r\nDate: today\r\r\n\r\r\nx\r\r\n.y\r\r\n",
    `${FULL}\r\nx\r\n.y\r\n`,
  ],
  [
    "adds nothing that DKIM signed as absent",
    "DKIM-Signature: v=1; h=from:message-id:date;\n\nx\n",
    "DKIM-Signature: v=1; h=from:message-id:date;\r\n\r\nx\r\n",
  ],
  [
    "adds what DKIM did not sign",
    "DKIM-Signature: h=from:\n  Date\n\nx\n",
    `Message-ID: ${MESSAGE_ID}\r\nDKIM-Signature: h=from:\r\n  Date\r\n\r\nx\r\n`,
  ],
  [
    "keeps an empty Message-ID",
    "Message-ID:\nDate: today\n\n",
    "Message-ID:\r\nDate: today\r\n\r\n",
  ],
];

for (const [name, from, to] of CASES) {
  Deno.test(`prepareMessage: ${name}`, async () => {
    assert.equal((await prepare(from)).text, to);
  });
}

Deno.test("prepareMessage: changes no byte but what Intake lists, and a second time none", async () => {
  const part = fc.constantFrom(
    ...[
      "From x",
      ">From y",
      "From x Sun Nov 22 18:00:00 2026",
      "Bcc: a@b",
      "bcc :",
      "X-Mail-Queue-Priority: low",
      "Resent-Bcc: c",
    ],
    ...["Date: d", "MESSAGE-ID: m", "Subject: s", "DKIM-Signature: v=1; h=date : Message-ID; b=x"],
    ...[
      "\r\n",
      "\n",
      "\r",
      "\r\n",
      "\n",
      " ",
      "\t",
      ".",
      "\0",
      "\xe9",
      "text",
      ": ",
      "X-Mail-Queue-:",
    ],
  );
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 25 }), async (parts) => {
      const raw = parts.join("");
      if (await isRefused(raw)) return;
      const once = await prepare(raw);
      assert.equal(once.text, prepareSlowly(raw, { "Message-ID": MESSAGE_ID, Date: DATE }));
      assert.equal(once.sizeBytes, once.text.length);
      assert.equal(once.dotLines, once.text.match(/^\./gm)?.length ?? 0);
      assert.equal(once.isEightBit, /[\x80-\xff]/.test(once.text));
      assert.equal((await prepare(once.text)).text, once.text);
    }),
    { numRuns: 4000 },
  );
});

/** Whether a message is refused for what it is; fails where it may not be. */
async function isRefused(raw: string): Promise<boolean> {
  try {
    await prepare(raw);
    return false;
  } catch (error) {
    assert.ok(error instanceof MailqError && error.code === "bad_message", String(error));
    const { rest } = splitSlowly(raw);
    if (/is empty$/.test(error.message)) assert.equal(splitSlowly(raw).fields.join("") + rest, "");
    else assert.match(rest, /^.+\r\n(?:.+\r\n)*?(?:Resent-)?Bcc[ \t]*:/i);
    return true;
  }
}

Deno.test("prepareMessage: refuses a header that breaks off above Bcc, which would be read by all", async () => {
  for (const name of ["Bcc", "bcc ", "Resent-Bcc", "BCC\t"]) {
    for (const end of ["\n", "\r\n", "\r", "\r\r\n"]) {
      const lines = ["To: a@b", "no field", `${name}: secret@x`, "", "text"];
      await assert.rejects(
        prepare(lines.join(end), { to: [] }),
        /breaks off above a Bcc field, at "no field"/,
      );
    }
  }
  const { text } = await prepare(`${FULL}no field\n\nBcc: in the text\n`);
  assert.equal(text, `${FULL}\r\nno field\r\n\r\nBcc: in the text\r\n`);
});

Deno.test("prepareMessage: refuses empty input", async () => {
  const line = "From a@b Sun Nov 22 18:00:00 2026";
  for (const raw of ["", `${line}\n`, `>${line}\r\n>From y`]) {
    await assert.rejects(prepare(raw), /^MailqError: Cannot queue nothing: the input is empty$/);
  }
});

Deno.test("prepareMessage: hands a message on without copying it where nothing changes", async () => {
  const bytes = bytesOf(`${FULL}\r\nhello\r\n`);
  const { message } = await prepareMessage(bytes, intakeOptions());
  assert.equal(message.content, bytes);
});

Deno.test("prepareMessage: fills in the message", async () => {
  const head =
    "From: F <f@x>\nTo: T <t@x>\nSubject: =?utf-8?q?=C3=A9?=\nX-Mail-Queue-Priority: high\n";
  const { content: _, text: __, ...message } = await prepare(`${head}\n.dot\n`, {
    to: ["r@x"],
    sendAt: NOW + 1000,
    expiresInMs: 500,
    tags: ["a", "b"],
    key: "k",
    isHeld: true,
  });
  assert.deepEqual(message, {
    id: ID,
    sender: "f@x",
    recipients: ["r@x"],
    priority: "high",
    createdAt: NOW,
    sendAt: NOW + 1000,
    expiresAt: NOW + 1500,
    isHeld: true,
    tags: ["a", "b"],
    key: "k",
    display: { subject: "é", from: "F <f@x>", to: "T <t@x>", messageId: MESSAGE_ID },
    sizeBytes: message.sizeBytes,
    dotLines: 1,
    isEightBit: false,
    warnings: [],
  });
});

Deno.test("prepareMessage: shows no Message-ID where DKIM forbids one", async () => {
  const { display } = await prepare("DKIM-Signature: h=message-id\nDate: x\n\n");
  assert.equal(display.messageId, null);
});

Deno.test("prepareMessage: passes warnings on", async () => {
  const { warnings, priority } = await prepare("X-Mail-Queue-Priority: urgent\n\n");
  assert.equal(priority, "normal");
  assert.equal(warnings.length, 1);
});

Deno.test("prepareMessage: with redirect_to names the first recipients in the message", async () => {
  const { text, recipients } = await prepare(
    `${FULL}To: a@b, root\nX-Mail-Queue-Original-To: old@x\n\nx\n`,
    { to: [] },
    { redirectTo: "test@x" },
  );
  assert.deepEqual(recipients, ["test@x"]);
  const added = "X-Mail-Queue-Original-To: a@b,\r\n root@host.example\r\n";
  assert.equal(text, `${added}${FULL}To: a@b, root\r\n\r\nx\r\n`);
});

Deno.test("prepareMessage: with redirect_to spreads many recipients over several fields", async () => {
  const to = Array.from({ length: 10_000 }, (_, i) => `user${i}@example.org`);
  const { text } = await prepare(`${FULL}\nx\n`, { to }, { redirectTo: "test@x" });
  assert.equal(text.match(/^X-Mail-Queue-Original-To: /gm)?.length, 100);
  for (const address of to.slice(0, 500)) assert.ok(text.includes(` ${address}`));
});

Deno.test("prepareMessage: adds a missing From only where a name is given", async () => {
  const cases: [Partial<IntakeOptions>, string][] = [
    [{}, ""],
    [{ fromName: "" }, "From: s@x\r\n"],
    [{ fromName: 'Cron "D" \\' }, 'From: "Cron \\"D\\" \\\\" <s@x>\r\n'],
    [{ fromName: "a\r\nBcc: b" }, 'From: "a Bcc: b" <s@x>\r\n'],
    [{ fromName: "Jörg" }, "From: =?UTF-8?B?SsO2cmc=?= <s@x>\r\n"],
    [{ fromName: "N", from: "<>" }, 'From: "N" <cron@host.example>\r\n'],
  ];
  for (const [options, added] of cases) {
    const { text } = await prepare(`${FULL}\r\n`, { from: "s@x", ...options });
    assert.equal(text, `${added}${FULL}\r\n`);
  }
  const given = await prepare(`${FULL}\r\n`, { from: "s@x", fromName: "Jörg" });
  assert.equal(given.display.from, "Jörg <s@x>", "what was added is shown");
  const { text } = await prepare(`${FULL}From: f@x\r\n\r\n`, { fromName: "N" });
  assert.equal(text, `${FULL}From: f@x\r\n\r\n`);
});

Deno.test("prepareMessage: makes a Message-ID whatever the host calls itself", async () => {
  for (const [hostname, host] of [["a b\r\nX: y", "abXy"], ["..", "localhost"], ["a..b.", "a.b"]]) {
    const { text } = await prepare("Date: x\n\n", { from: "f@x" }, { hostname });
    assert.match(text, new RegExp(`^Message-ID: <[0-9a-z.]+@${host}>\r\nDate: x\r\n\r\n$`));
  }
});

Deno.test("prepareMessage: refuses a message over max_size, naming both sizes", async () => {
  const text = `${FULL}\r\nx\r\n`;
  const maxSizeBytes = text.length;
  assert.equal((await prepare(text, {}, { maxSizeBytes })).sizeBytes, maxSizeBytes);
  await assert.rejects(prepare(text, {}, { maxSizeBytes: maxSizeBytes - 1 }), (error: unknown) => {
    assert.ok(error instanceof MailqError);
    assert.equal(error.code, "bad_message");
    assert.match(
      error.message,
      new RegExp(`of ${maxSizeBytes} bytes: max_size is ${maxSizeBytes - 1} `),
    );
    return true;
  });
});

Deno.test("prepareMessage: reads lines of 100 KB, NUL and 8-bit bytes in the header", async () => {
  const odd = `X: ${"\xff\0".repeat(50_000)}\r\n`;
  assert.equal((await prepare(`${odd}${FULL}\r\n`)).text, `${odd}${FULL}\r\n`);
});

Deno.test("prepareMessage: simple mail needs no library, which would cost start-up time", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "mailq_prepare_" });
  const at = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  // Without the project's import map a library is not found.
  const code = `
    import { prepareMessage } from ${at("../../src/intake/prepare.ts")};
    import { bytesOf, intakeOptions } from ${at("./intake_options.ts")};
    const take = (to) => prepareMessage(bytesOf(to), intakeOptions({ to: [] }));
    await take('From: Joe <a@b>\\nTo: "B, J" <a@b>, c@d, root\\nX-Mail-Queue-Priority: high\\n\\nx');
    console.log("simple");
    await take("To: a@b (x)\\n\\n").catch(() => console.log("odd"));
  `;
  try {
    Deno.writeTextFileSync(`${folder}/simple.js`, code);
    const flags = ["--quiet", "--no-check", "--no-config", "--no-remote"];
    const stdout = await childOk([Deno.execPath(), "run", ...flags, `${folder}/simple.js`]);
    assert.equal(stdout, "simple\nodd\n");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("prepareMessage: a key that begins as the store's own do is refused", async () => {
  const bytes = new TextEncoder().encode("Subject: a\r\n\r\n");
  await assert.rejects(
    prepareMessage(bytes, intakeOptions({ key: "\u00011 k" })),
    /^MailqError: Cannot use the key "\\u00011 k": /,
  );
  const { message } = await prepareMessage(bytes, intakeOptions({ key: "k\u0001" }));
  assert.equal(message.key, "k\u0001");
});
