import assert from "node:assert/strict";
import { Mailq } from "../support/mailq.ts";
import { latin1 } from "../support/smtp_script.ts";
import { SmtpServer } from "../support/smtp_server.ts";
import {
  type Case,
  changed,
  receivedBy,
  recipient,
  sha256,
  whole,
} from "../e2e/support/byte_cases.ts";

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
