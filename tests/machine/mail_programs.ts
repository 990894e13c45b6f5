import assert from "node:assert/strict";
import { childOk } from "../support/child.ts";
import { Mailq, PROGRAM } from "../support/mailq.ts";
import { type ReceivedMessage, SmtpServer } from "../support/smtp_server.ts";
import { require } from "./requirements.ts";

/** A machine whose sendmail is mailq, for real mail programs. */
export class MailMachine implements AsyncDisposable {
  private constructor(readonly mailq: Mailq, readonly server: SmtpServer) {}

  static async make(): Promise<MailMachine> {
    const server = new SmtpServer({ extensions: ["8BITMIME", "SIZE", "PIPELINING", "SMTPUTF8"] });
    const mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url, LANG: "C.UTF-8" });
    const machine = new MailMachine(mailq, server);
    await mailq.ok(["--version"]); // makes the settings file
    const quoted = PROGRAM.map((word) => `'${word}'`).join(" ");
    // Notes how it was called and, but for a conversation, what it was given.
    const script = `#!/bin/sh
printf '%s\\n' "$*" >>'${mailq.folder}/calls'
case " $* " in *" -bs "*) exec ${quoted} sendmail "$@" ;; esac
cat >'${mailq.folder}/given'
exec ${quoted} sendmail "$@" <'${mailq.folder}/given'
`;
    await Deno.writeTextFile(machine.sendmail, script, { mode: 0o755 });
    return machine;
  }

  get sendmail(): string {
    return `${this.mailq.folder}/sendmail`;
  }

  /** Writes a file of the given name and returns its path. */
  async file(name: string, text: string): Promise<string> {
    const path = `${this.mailq.folder}/${name}`;
    await Deno.writeTextFile(path, text);
    return path;
  }

  /** Runs a mail program, which must exit 0 and leave one message in the queue; returns it as it
   *  was relayed, and how sendmail was called. */
  async send(
    program: string,
    args: readonly string[],
    input = "",
  ): Promise<{ readonly call: string; readonly message: ReceivedMessage }> {
    require(program);
    await childOk([program, ...args], {
      stdin: input,
      env: this.mailq.env,
      clearEnv: true,
      cwd: this.mailq.folder,
    });
    const calls = (await Deno.readTextFile(`${this.mailq.folder}/calls`)).trimEnd().split("\n");
    assert.equal(calls.length, 1, calls.join("; "));
    assert.equal((await this.mailq.json(["list"])).length, 1);
    await this.mailq.ok(["send"]);
    const [message] = this.server.messages;
    assert.ok(message !== undefined, "it was relayed");
    return { call: calls[0] ?? "", message };
  }

  /** What the program gave to sendmail, with CRLF line ends and without Bcc: what is to be relayed
   *  below the fields that were added. */
  async expected(): Promise<string> {
    const given = latin1(await Deno.readFile(`${this.mailq.folder}/given`));
    const lines = given.replace(/\r?\n/g, "\r\n").replace(/([^\n])$/, "$1\r\n");
    const end = lines.indexOf("\r\n\r\n");
    return lines.slice(0, end).replace(/(^|\r\n)Bcc:.*(?:\r\n[ \t].*)*(?=\r\n|$)/i, "")
      .replace(/^\r\n/, "") + lines.slice(end);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.mailq[Symbol.asyncDispose]();
  }
}

/** Text of bytes, one character a byte. */
export function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

/** Asserts that the message is what was given, byte for byte, below fields that were missing. */
export async function assertBytes(machine: MailMachine, message: ReceivedMessage): Promise<void> {
  const sent = latin1(message.data);
  const expected = await machine.expected();
  assert.ok(sent.endsWith(expected), `relayed:\n${sent}\nexpected:\n${expected}`);
  const added = sent.slice(0, sent.length - expected.length);
  assert.match(added, /^(?:(?:Message-ID|Date|From): [^\r]*\r\n)*$/);
}
