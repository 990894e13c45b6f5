import assert from "node:assert/strict";
import type { Mailq, RunOptions } from "../../support/mailq.ts";

/** A client that speaks with `mailq sendmail -bs` and waits for each reply. */
export class SmtpClient implements AsyncDisposable {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<string>;
  readonly #stderr: Promise<string>;
  #heard = "";
  #hasEnded = false;

  private constructor(readonly child: Deno.ChildProcess) {
    this.#writer = child.stdin.getWriter();
    this.#reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#stderr = new Response(child.stderr).text();
  }

  /** Starts the server and hears its greeting. */
  static async start(mailq: Mailq, options: RunOptions = {}): Promise<SmtpClient> {
    const child = await mailq.spawn(["sendmail", "-bs"], { stdin: "", ...options });
    const client = new SmtpClient(child);
    assert.match(await client.reply(), /^220 host\.test ESMTP/);
    return client;
  }

  async send(text: string | Uint8Array): Promise<void> {
    await this.#writer.write(typeof text === "string" ? new TextEncoder().encode(text) : text);
  }

  /** The next reply, with all of its lines. */
  async reply(): Promise<string> {
    for (;;) {
      const whole = /^(?:\d{3}-[^\r]*\r\n)*\d{3} [^\r]*\r\n/.exec(this.#heard)?.[0];
      if (whole !== undefined) {
        this.#heard = this.#heard.slice(whole.length);
        return whole.trimEnd();
      }
      const { done, value } = await this.#reader.read();
      if (done) throw new Error(`no reply: ${await this.#stderr}`);
      this.#heard += value;
    }
  }

  /** Sends one command and returns its reply, which must begin with `code`. */
  async command(line: string, code: number): Promise<string> {
    await this.send(`${line}\r\n`);
    const reply = await this.reply();
    assert.ok(reply.startsWith(String(code)), `${line}: ${reply}`);
    return reply;
  }

  /** Says hello, sender and recipients, and DATA. */
  async begin(sender: string, ...recipients: string[]): Promise<void> {
    await this.command("EHLO client.test", 250);
    await this.command(`MAIL FROM:<${sender}>`, 250);
    for (const recipient of recipients) await this.command(`RCPT TO:<${recipient}>`, 250);
    await this.command("DATA", 354);
  }

  /** Ends the input, and returns how the program ended and what it said on stderr. */
  async hangUp(): Promise<{ readonly code: number; readonly stderr: string }> {
    await this.#writer.close().catch(() => {});
    const { code } = await this.child.status;
    this.#hasEnded = true;
    return { code, stderr: await this.#stderr };
  }

  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.child.status;
    this.#hasEnded = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) await this.kill();
    await this.#writer.close().catch(() => {});
    await this.#reader.cancel();
    await this.#stderr;
  }
}
