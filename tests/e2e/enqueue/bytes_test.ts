import assert from "node:assert/strict";
import { Mailq } from "../../support/mailq.ts";
import { latin1 } from "../../support/smtp_script.ts";
import { SmtpServer } from "../../support/smtp_server.ts";
import {
  type Case,
  changed,
  IDENTITY,
  receivedBy,
  recipient,
  SENDER,
  sha256,
  unchanged,
  whole,
} from "../support/byte_cases.ts";

const everyByte = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join("");
const LONG_LINE = "l".repeat(100_000);

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
  unchanged(
    "a line of 100 KB in a part of its own",
    whole(`${LONG_LINE}\r\n.${LONG_LINE}\r\n`, "Content-Type: multipart/mixed; boundary=y\r\n"),
  ),
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
