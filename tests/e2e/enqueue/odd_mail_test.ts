import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { newMessage } from "../../support/queue_messages.ts";
import { SmtpServer } from "../../support/smtp_server.ts";
import { newest, sendmail } from "../support/sendmail_calls.ts";
import { drop, dropBytes, leftIn, makeSystemQueue } from "../support/system_queue.ts";

/** A sendmail call's mail, as it reaches the relay. */
async function sent(args: readonly string[], stdin: string) {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await sendmail(mailq, args, { stdin: bytes(stdin) });
  await mailq.ok(["send"]);
  assert.equal(server.messages.length, 1);
  const { sender, to } = await newest(mailq);
  const data = new TextDecoder("latin1").decode(server.messages[0]?.data);
  return { sender, to, data, head: data.slice(0, data.indexOf("\r\n\r\n") + 2) };
}

function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

Deno.test("odd mail: PHP's CRLF header over an LF body, and its CR CR LF, are one line end each", async () => {
  for (
    const [header, body] of [["\r\n", "\n"], ["\r\n", "\r\n"], ["\r\r\n", "\r\r\n"], ["\n", "\r\n"]]
  ) {
    const fields = ["To: a@b.test", "Subject: x", "X-PHP: 1", ""].join(header);
    const { data, head } = await sent(["-t", "-i"], `${fields}${header}line 1${body}line 2${body}`);
    assert.match(head, /To: a@b\.test\r\nSubject: x\r\nX-PHP: 1\r\n$/);
    assert.ok(
      data.endsWith("X-PHP: 1\r\n\r\nline 1\r\nline 2\r\n"),
      JSON.stringify([header, body]),
    );
  }
});

/** Ways to write a Bcc field with c@d.test and e@f.test in it. */
const HIDDEN = [
  "Bcc: c@d.test,\n e@f.test\n",
  "bcc: c@d.test,\r\n\te@f.test\r\n",
  "BCC: c@d.test\nBcC: e@f.test\n",
  "Bcc : c@d.test, e@f.test\n",
  "Bcc\t:c@d.test,\n  e@f.test\n",
  "Bcc:\n c@d.test,\n e@f.test\n",
  "Bcc: c@d.test, e@f.test\r\r\n",
  "Bcc: c@d.test, e@f.test\r",
];

Deno.test("odd mail: Bcc gets its mail and is read by nobody, however it is written", async () => {
  for (const hidden of HIDDEN) {
    for (const [before, after] of [["To: a@b.test\n", "Subject: x\n"], ["", "To: a@b.test\n"]]) {
      const { to, data } = await sent(["-t", "-i"], `${before}${hidden}${after}\nhi\n`);
      assert.deepEqual([...to].sort(), ["a@b.test", "c@d.test", "e@f.test"], hidden);
      assert.doesNotMatch(data, /c@d|e@f|^bcc/im, hidden);
    }
  }
});

Deno.test("odd mail: a header that breaks off above Bcc is refused", async () => {
  await using mailq = await Mailq.make();
  for (const hidden of HIDDEN) {
    for (const command of [["enqueue"], ["sendmail", "-t", "-i"], ["sendmail", "a@b.test"]]) {
      const stdin = `To: a@b.test\nno field here\n${hidden}\nhi\n`;
      const { code, stderr } = await mailq.run(command, { stdin });
      assert.equal(code, 65, hidden);
      assert.match(stderr, /breaks off above a Bcc field, at "no field here"/);
    }
  }
  assert.deepEqual(await mailq.json(["list"]), []);
});

Deno.test("odd mail: groups without members leave the recipients to Bcc", async () => {
  for (const field of ["To: undisclosed-recipients:;", 'To: "Hidden" : ;', "To:", "Cc: a:;,b:;"]) {
    const { to, data } = await sent(["-t"], `${field}\nBcc: a@b.test\n\nx\n`);
    assert.deepEqual(to, ["a@b.test"], field);
    assert.ok(data.includes(`${field}\r\n`), data);
  }
});

Deno.test("odd mail: long and 8-bit fields, soft line breaks and folds keep every byte", async () => {
  const words = Array.from({ length: 12 }, () => "=?utf-8?q?=C3=A9=C3?=\r\n =?utf-8?q?=A9?=");
  const header =
    `To: a@b.test\r\nMessage-ID: <a@b>\r\nDate: x\r\nFrom: \r\n =?utf-8?b?w6k=?= <s@t.test>\r\n` +
    `Subject: ${words.join("\r\n ")}\r\nX-Raw: ${"\xc3\xa9".repeat(1000)}\r\nX-Tab:\r\n\t \ty\r\n`;
  const body = "a =\r\nb=3D=\r\n=\r\n" + "\xe9".repeat(900) + "\r\n..\r\n \r\n";
  const { data } = await sent(["-t", "-i"], `${header}\r\n${body}`);
  assert.equal(data, `${header}\r\n${body}`);
});

Deno.test("odd mail: what cron's programs call sendmail with", async () => {
  const stdin = "To: a@b.test\nSubject: x\n\nhi\n";
  const bounce = await sent("-FCronDaemon -i -odi -oem -oi -t -f <>".split(" "), stdin);
  assert.deepEqual([bounce.sender, bounce.to], ["", ["a@b.test"]]);
  const last = await sent("-i -FCronDaemon -B8BITMIME -oem simon".split(" "), stdin);
  assert.deepEqual([last.sender, last.to], ["tester@host.test", ["simon@host.test"]]);
});

Deno.test("odd mail: empty input is refused, whatever it comes by", async () => {
  await using mailq = await Mailq.make();
  await Deno.writeTextFile(`${mailq.folder}/empty.eml`, "");
  await Deno.mkdir(`${mailq.folder}/folder`);
  await Deno.writeTextFile(`${mailq.folder}/folder/a.eml`, mail());
  await Deno.writeTextFile(`${mailq.folder}/folder/b.eml`, "");
  const calls = [
    ["enqueue"],
    ["enqueue", "--to", "a@b.test"],
    ["enqueue", "--to", "a@b.test", "empty.eml"],
    ["enqueue", "--to", "a@b.test", "folder"],
    ["sendmail", "-i", "a@b.test"],
    ["sendmail", "a@b.test"],
    ["sendmail", "-t"],
  ];
  for (const args of calls) {
    for (const options of [{}, { stdin: "" }]) {
      const { code, stdout, stderr } = await mailq.run(args, options);
      assert.deepEqual([code, stdout], [65, ""], args.join(" "));
      assert.match(stderr, /the input is empty/);
    }
  }
  assert.deepEqual(await mailq.json(["list"]), []);
});

Deno.test("odd mail: an empty file in a Maildir or among the drops is in nobody's way", async () => {
  await using mailq = await makeSystemQueue();
  for (const part of ["new", "cur", "tmp"]) {
    await Deno.mkdir(`${mailq.folder}/m/${part}`, { recursive: true });
  }
  await Deno.writeTextFile(`${mailq.folder}/m/new/1`, "");
  await Deno.writeTextFile(`${mailq.folder}/m/new/2`, mail({ subject: "two" }));
  const ended = await mailq.run(["enqueue", "--to", "a@b.test", "--maildir", "m", "--set-aside"]);
  assert.match(ended.stderr, /set aside as \.rejected-1: .*the input is empty/);
  await dropBytes(mailq, "");
  await drop(mailq, newMessage());
  await mailq.run(["send"]);
  assert.deepEqual(await mailq.statuses(), { two: "sent", hello: "sent" });
  assert.deepEqual([leftIn(mailq).dropped, leftIn(mailq).refused.length], [[], 1]);
});
