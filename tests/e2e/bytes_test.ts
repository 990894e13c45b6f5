import assert from "node:assert/strict";
import { Mailq } from "../support/mailq.ts";
import { latin1 } from "../support/smtp_script.ts";
import { type ReceivedMessage, SmtpServer } from "../support/smtp_server.ts";

const IDENTITY = "Message-ID: <1@sender.test>\r\nDate: Sun, 22 Nov 2026 03:00:00 +0000\r\n";
const SENDER = "From: ann@sender.test\r\n";

/** One input and what must go out; `{added}` stands for the Message-ID and Date that intake adds.
 *  Text with a character a byte. */
interface Case {
  readonly name: string;
  readonly input: string;
  readonly output: string;
}

/** A header that lacks nothing, with the body put behind it. */
const whole = (body: string, extra = "") => `${SENDER}${IDENTITY}${extra}\r\n${body}`;
const everyByte = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join("");
const LONG_LINE = "l".repeat(100_000);

const unchanged = (name: string, input: string): Case => ({ name, input, output: input });
const changed = (name: string, input: string, output: string): Case => ({ name, input, output });

const SIGNED = "DKIM-Signature: v=1; a=rsa-sha256; d=sender.test; s=k;\r\n" +
  "\th=From:Date : message-id;bh=abc=;\r\n b=x y\r\n";

const CASES: readonly Case[] = [
  unchanged("a plain message", whole("Text\r\n")),
  unchanged(
    "8-bit bytes in header and body",
    whole("caf\xe9 \xff\xfe\r\n", "Subject: \xe4\xf6\r\n"),
  ),
  unchanged("NUL", whole("a\0b\r\n\0\r\n")),
  unchanged("every byte but line ends", whole(`${everyByte.replace(/[\r\n]/g, "")}\r\n`)),
  unchanged("lone dots", whole(".\r\n.\r\n..\r\nend\r\n.\r\n")),
  unchanged("leading dots", whole(".a\r\n..b\r\n...c\r\n")),
  unchanged("the end of data inside", whole("a\r\n.\r\nQUIT\r\nMAIL FROM:<x@y>\r\n")),
  unchanged("a line of 100 KB", whole(`${LONG_LINE}\r\n.${LONG_LINE}\r\n`)),
  unchanged("spaces at line ends and empty lines", whole("a \r\n\t\r\n\r\n\r\n \r\n")),
  unchanged(
    "broken MIME",
    whole("--x\r\n--", "Content-Type: multipart/mixed; boundary=y\r\n") + "\r\n",
  ),
  unchanged("a folded header", whole("Text\r\n", "Subject: a\r\n b\r\n\tc\r\nX:\r\n")),
  unchanged("no body", whole("")),
  changed("only a header, without a blank line", `${SENDER}${IDENTITY}`, whole("")),
  changed(
    "text right below the fields",
    `${SENDER}${IDENTITY}hello world\nmore: text\n`,
    whole("hello world\r\nmore: text\r\n"),
  ),
  changed(
    "CR CR LF everywhere",
    whole("a\r\n.b\r\n").replaceAll("\r", "\r\r"),
    whole("a\r\n.b\r\n"),
  ),
  changed("bare LF", whole("a\nb\n").replaceAll("\r\n", "\n"), whole("a\r\nb\r\n")),
  changed("bare CR", whole("a\rb\r"), whole("a\r\nb\r\n")),
  changed(
    "all line ends at once",
    whole("a\r\r\r\nb\n\r\nc\n\rd"),
    whole("a\r\n\r\nb\r\n\r\nc\r\n\r\nd\r\n"),
  ),
  changed(
    "smuggled ends of data",
    whole("a\n.\nb\r.\rc\r\n.\nd\n.\r\n"),
    whole("a\r\n.\r\nb\r\n.\r\nc\r\n.\r\nd\r\n.\r\n"),
  ),
  changed("no line end at the end", whole("a\r\nb"), whole("a\r\nb\r\n")),
  changed("CR at the end", whole("a\r\nb\r"), whole("a\r\nb\r\n")),
  changed("a dot at the very end", whole("a\r\n."), whole("a\r\n.\r\n")),
  changed(
    "an mbox line",
    "From ann Sun Nov 22 03:00:00 2026\r\n" + whole("From here\r\n"),
    whole("From here\r\n"),
  ),
  changed(
    "a quoted mbox line",
    ">From ann Sun Nov 22 03:00:00 2026\n" + whole("a\r\n"),
    whole("a\r\n"),
  ),
  changed(
    "Bcc in any case, folded",
    whole(
      "Bcc: stays\r\n",
      "bCC: c@x.test,\r\n d@x.test\r\nX-A: 1\r\nBcc : e@x.test\r\nBCC:\r\n\tf@x.test\r\n",
    ),
    whole("Bcc: stays\r\n", "X-A: 1\r\n"),
  ),
  changed("Resent-Bcc", whole("a\r\n", "Resent-Bcc: c@x.test\r\n"), whole("a\r\n")),
  changed(
    "our own control fields",
    whole(
      "a\r\n",
      "X-Mail-Queue-Priority: low\r\nx-mail-queue-anything: 1\r\n  2\r\nX-Mail-Queued: stays\r\n",
    ),
    whole("a\r\n", "X-Mail-Queued: stays\r\n"),
  ),
  changed("neither Message-ID nor Date", `${SENDER}\r\nText\r\n`, `{added}${SENDER}\r\nText\r\n`),
  changed("no header at all", "Just text, no field\r\n", "{added}\r\nJust text, no field\r\n"),
  changed("a body that begins at once", "\r\nText\r\n", "{added}\r\nText\r\n"),
  changed("one line end", "\n", "{added}\r\n"),
  changed("one dot", ".", "{added}\r\n.\r\n"),
  unchanged("DKIM-signed mail", `${SIGNED}${SENDER}${IDENTITY}\r\nText \r\n\r\n`),
  unchanged(
    "DKIM-signed mail whose signature covers missing fields",
    `${SIGNED}${SENDER}\r\nText\r\n`,
  ),
];

const ADDED = /^Message-ID: <[^<>\s]+@host\.test>\r\nDate: [^\r\n]+\r\n/;

Deno.test("bytes: what goes in comes out as it was, but for what Intake changes", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const ids: string[] = [];
  for (const [n, { name, input }] of CASES.entries()) {
    const args = ["enqueue", "--from", "ann@sender.test", "--to", recipient(n)];
    // By turns from stdin and from a file.
    if (n % 2 === 0) ids.push((await mailq.ok(args, { stdin: latin1(input) })).trim());
    else {
      const path = `${mailq.folder}/${n}.eml`;
      await Deno.writeFile(path, latin1(input));
      ids.push((await mailq.ok([...args, path])).trim());
    }
    assert.ok(ids[n], name);
  }
  await mailq.ok(["send"]);
  assert.equal(server.messages.length, CASES.length);
  for (const [n, { name, output }] of CASES.entries()) {
    const sent = receivedBy(server.messages, recipient(n)).data;
    const text = asLatin1(sent);
    const isAdded = output.startsWith("{added}");
    assert.ok((isAdded ? text.replace(ADDED, "{added}") : text) === output, shown(name, text));
    if (n % 4 !== 0) continue;
    const { stdoutBytes } = await mailq.run(["show", "--raw", ids[n] ?? ""]);
    assert.deepEqual(await sha256(stdoutBytes), await sha256(sent), `show --raw: ${name}`);
  }
});

const PIECE = 256 * 1024;

/** A message of `sizeBytes` of lines, with something put at every border between the pieces that
 *  are read (the first one is 1 MB and a byte, from a file) or stored. */
function largeMessage(sizeBytes: number, atBorder: readonly string[], offset: number): string {
  const header = whole("");
  const line = `.${"0123456789".repeat(7)}\r\n`;
  let text = header + line.repeat(Math.ceil((sizeBytes - header.length) / line.length));
  for (let k = 1; k * PIECE + 8 < sizeBytes; k++) {
    const what = atBorder[k % atBorder.length] ?? "";
    const at = k * PIECE + offset - 1;
    text = text.slice(0, at) + what + text.slice(at + what.length);
  }
  return text;
}

const normalised = (text: string) =>
  text.replace(/\r\r\n|\r\n|\r|\n/g, "\r\n").replace(/(?<!\r\n)$/, "\r\n");

const large = (name: string, atBorder: readonly string[], offset: number): Case => {
  const input = largeMessage(3_000_000, atBorder, offset);
  return { name: `3 MB: ${name}`, input, output: normalised(input) };
};

const LARGE: readonly Case[] = [
  large("CRLF cut by the stored pieces", ["\r\n.", "\r\n..\r\n", "\r\nx"], 0),
  large("a dot begins a stored piece", ["\r\n.\r\n", "x\r\n.", "\r\n.."], -1),
  large("CRLF cut by the pieces read", ["\r\n", "\r\n.\r\n", "\r\n\n"], 1),
  large("pieces read end in a bare CR", ["\rx", "\r\r", "\r."], 1),
  large("CR CR LF cut by the pieces read", ["\r\r\n", "\r\r\n.", "\r\r\r\n", "\r\rx"], 1),
  large("CR CR LF cut behind its second CR", ["\r\r\n", "\r\r\n.", "\r\r\r\n", "\r\rx"], 0),
  large("pieces read end in a bare LF", ["\nx", "\n\n", "\n\r"], 1),
];

Deno.test("bytes: messages that are read, stored and sent in pieces are whole", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const ending = largeMessage(3_000_000, [""], 0).slice(0, 8 * PIECE);
  const huge = largeMessage(30_000_000, ["\r\n."], 0);
  const cases: readonly Case[] = [
    ...LARGE,
    changed(
      "ends in CR at a border",
      `${ending.slice(0, -1)}\r`,
      normalised(`${ending.slice(0, -1)}\r`),
    ),
    changed(
      "ends without a line end",
      `${ending.slice(0, -2)}xx`,
      normalised(`${ending.slice(0, -2)}xx`),
    ),
    changed("30 MB", huge, normalised(huge)),
  ];
  const ids: string[] = [];
  for (const [n, { name, input }] of cases.entries()) {
    const path = `${mailq.folder}/${n}.eml`;
    await Deno.writeFile(path, latin1(input));
    const args = ["enqueue", "--to", recipient(n)];
    const id = n % 3 === 2
      ? await mailq.ok(args, { stdin: latin1(input) })
      : await mailq.ok([...args, path]);
    ids.push(id.trim());
    assert.ok(ids[n], name);
  }
  await mailq.ok(["send"]);
  for (const [n, { name, output }] of cases.entries()) {
    const { data } = receivedBy(server.messages, recipient(n));
    assert.equal(data.length, output.length, name);
    assert.equal(await sha256(data), await sha256(latin1(output)), name);
    const { stdoutBytes } = await mailq.run(["show", "--raw", ids[n] ?? ""]);
    assert.equal(await sha256(stdoutBytes), await sha256(data), `show --raw: ${name}`);
  }
});

function recipient(n: number): string {
  return `case${n}@receiver.test`;
}

function receivedBy(messages: readonly ReceivedMessage[], address: string): ReceivedMessage {
  const found = messages.filter((message) => message.to.includes(address));
  assert.equal(found.length, 1, `${address} got ${found.length} messages`);
  return found[0] ?? assert.fail();
}

/** One character a byte (the decoder called latin1 is another table above 127). */
function asLatin1(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return text;
}

function shown(name: string, text: string): string {
  return `${name}: ${JSON.stringify(text.slice(0, 300))}`;
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new Uint8Array(bytes));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
