import assert from "node:assert/strict";

/** A client that speaks SMTP with a listener, to the byte as the test writes it. */
export class SmtpTalk implements Disposable {
  #heard = "";

  private constructor(private connection: Deno.Conn) {}

  /** Connects to `host:port`, or to a socket's path, and hears nothing yet. */
  static async connect(place: string): Promise<SmtpTalk> {
    return new SmtpTalk(await connectTo(place));
  }

  /** Connects and hears the greeting. */
  static async greeted(place: string): Promise<SmtpTalk> {
    const talk = await SmtpTalk.connect(place);
    assert.match(await talk.reply(), /^220 host\.test ESMTP/);
    return talk;
  }

  async send(text: string | Uint8Array): Promise<void> {
    let bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
    while (bytes.length > 0) bytes = bytes.subarray(await this.connection.write(bytes));
  }

  /** The next reply with all of its lines, CRLF between them; empty where the connection ends. */
  async reply(): Promise<string> {
    const into = new Uint8Array(4_096);
    for (;;) {
      const whole = /^(?:\d{3}-[^\r]*\r\n)*\d{3} [^\r]*\r\n/.exec(this.#heard)?.[0];
      if (whole !== undefined) {
        this.#heard = this.#heard.slice(whole.length);
        return whole.trimEnd();
      }
      const count = await this.connection.read(into).catch((error) => {
        if (error instanceof Deno.errors.ConnectionReset) return null;
        throw error;
      });
      if (count === null) return "";
      this.#heard += new TextDecoder().decode(into.subarray(0, count));
    }
  }

  /** Sends lines in one piece and returns the codes of as many replies. */
  async codes(...lines: string[]): Promise<string> {
    await this.send(lines.map((line) => `${line}\r\n`).join(""));
    const codes: string[] = [];
    for (const _ of lines) codes.push((await this.reply()).slice(0, 3));
    return codes.join(" ");
  }

  /** Sends one command and returns its reply, which must begin with `code`. */
  async command(line: string, code: number): Promise<string> {
    await this.send(`${line}\r\n`);
    const reply = await this.reply();
    assert.ok(reply.startsWith(String(code)), `${line}: ${reply}`);
    return reply;
  }

  /** Says hello, sender and recipients. */
  async begin(sender: string, ...recipients: string[]): Promise<void> {
    await this.command("EHLO client.test", 250);
    await this.command(`MAIL FROM:<${sender}>`, 250);
    for (const recipient of recipients) await this.command(`RCPT TO:<${recipient}>`, 250);
  }

  /** Hands one mail over and returns its id. */
  async mail(text = "Subject: x\r\n\r\nHi\r\n", recipient = "bob@receiver.test"): Promise<string> {
    await this.begin("ann@sender.test", recipient);
    await this.command("DATA", 354);
    await this.send(`${text}.\r\n`);
    const reply = await this.reply();
    assert.match(reply, /^250 2\.0\.0 Ok: queued as /);
    return reply.slice("250 2.0.0 Ok: queued as ".length);
  }

  /** Begins TLS as a client that trusts `ca`. */
  async startTls(ca: string): Promise<void> {
    if (!("setNoDelay" in this.connection)) throw new Error("TLS wants TCP");
    this.connection = await Deno.startTls(this.connection as Deno.TcpConn, {
      hostname: "localhost",
      caCerts: [ca],
    });
  }

  /** Resolves once the other side has closed the connection. */
  async closed(): Promise<void> {
    while (await this.reply() !== "");
  }

  /** Says that nothing more will come. */
  async closeWrite(): Promise<void> {
    await this.connection.closeWrite();
  }

  [Symbol.dispose](): void {
    this.connection.close();
  }
}

async function connectTo(place: string): Promise<Deno.Conn> {
  if (place.startsWith("/")) return await Deno.connect({ transport: "unix", path: place });
  const [, hostname = "", port] = /^(.*):(\d+)$/.exec(place) ?? [];
  return await Deno.connect({ hostname, port: Number(port) });
}
