import { pathOf, undouble } from "./smtp_syntax.ts";

/** A message the server accepted. */
export interface ReceivedMessage {
  readonly from: string;
  readonly to: readonly string[];
  /** The content, dots undoubled, without the final dot. */
  readonly data: Uint8Array;
  /** ms since 1970. */
  readonly at: number;
}

/** What the server is asked: a reply line without CRLF, `close` to hang up, or null for yes. */
export type Answer = string | "close" | null;

export interface ServerOptions {
  /** Extension lines of the EHLO reply. */
  readonly extensions?: readonly string[];
  readonly greeting?: string;
  readonly onMail?: (sender: string) => Answer;
  /** In place of `answerByName`. */
  readonly onRcpt?: (address: string) => Answer;
  /** Asked before a message is kept. */
  readonly onContent?: (message: ReceivedMessage) => Answer;
  /** Called with each accepted message before the 250 goes out. */
  readonly onAccepted?: (message: ReceivedMessage) => void;
  /** Recipients of a transaction at most; more get 452 4.5.3. */
  readonly maxRecipients?: number;
  /** Connections at the same time; more are greeted with 421. */
  readonly maxConnections?: number;
  readonly port?: number;
}

/** Answers to RCPT by the way the local part begins. `lose…` is taken, and the connection closed
 *  in place of the reply to the content, which is kept. */
const BY_NAME: readonly (readonly [string, Answer])[] = [
  ["defer", "451 4.2.0 Try again later"],
  ["refuse", "550 5.1.1 No such user"],
  ["fault", "530 5.7.0 Authentication required"],
  ["relay", "554 5.7.1 Relay access denied"],
  ["shutdown", "421 4.3.2 Shutting down"],
  ["hangup", "close"],
];

export function answerByName(address: string): Answer {
  return BY_NAME.find(([start]) => address.startsWith(start))?.[1] ?? null;
}

/** Answers to the content, by the local part of any recipient. */
const CONTENT_BY_NAME: readonly (readonly [string, Answer])[] = [
  ["content-defer", "451 4.3.0 Cannot take it now"],
  ["content-refuse", "554 5.6.0 Do not like it"],
];

function answerContentByName(message: ReceivedMessage): Answer {
  const found = CONTENT_BY_NAME.find(([start]) => message.to.some((to) => to.startsWith(start)));
  return found?.[1] ?? null;
}

/** A small, fast SMTP server on a free port of 127.0.0.1 that keeps every message. */
export class SmtpServer implements AsyncDisposable {
  readonly messages: ReceivedMessage[] = [];
  /** Connections accepted so far, and those open now. */
  connections = 0;
  openConnections = 0;
  readonly #listener: Deno.TcpListener;
  readonly #conns = new Set<Deno.TcpConn>();
  readonly #running: Promise<void>[] = [];
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  constructor(readonly options: ServerOptions = {}) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: options.port ?? 0 });
    this.#running.push(this.#accept());
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  /** Resolves once `count` messages in all have been accepted. */
  received(count: number): Promise<void> {
    if (this.messages.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#listener) {
      this.connections++;
      this.openConnections++;
      this.#conns.add(conn);
      this.#running.push(this.#serve(conn));
    }
  }

  async #serve(conn: Deno.TcpConn): Promise<void> {
    conn.setNoDelay(true);
    const { maxConnections = Infinity } = this.options;
    const greeting = this.openConnections > maxConnections
      ? "421 4.7.0 server.example Error: too many connections from 127.0.0.1"
      : this.options.greeting;
    const options = { ...this.options, greeting };
    try {
      await new Conversation(conn, options, (message) => this.#keep(message)).run();
    } catch {
      // The client went away, or the server is being closed.
    } finally {
      this.openConnections--;
      if (this.#conns.delete(conn)) conn.close();
    }
  }

  #keep(message: ReceivedMessage): void {
    this.options.onAccepted?.(message);
    this.messages.push(message);
    const due = this.#waiting.filter(({ count }) => this.messages.length >= count);
    this.#waiting = this.#waiting.filter((waiting) => !due.includes(waiting));
    for (const { resolve } of due) resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const conn of this.#conns) conn.close();
    this.#conns.clear();
    await Promise.all(this.#running);
  }
}

const EXTENSIONS = ["PIPELINING", "SIZE 104857600", "8BITMIME", "ENHANCEDSTATUSCODES", "SMTPUTF8"];
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One connection. Replies to pipelined commands leave in one write. */
class Conversation {
  #buffer = new Uint8Array(1 << 16);
  #start = 0;
  #end = 0;
  #replies = "";
  #from: string | null = null;
  #to: string[] = [];

  constructor(
    readonly conn: Deno.TcpConn,
    readonly options: ServerOptions,
    readonly keep: (message: ReceivedMessage) => void,
  ) {}

  async run(): Promise<void> {
    const greeting = this.options.greeting ?? "220 server.example ESMTP";
    this.#replies = `${greeting}\r\n`;
    if (greeting.startsWith("421")) return await this.#flush();
    for (;;) {
      const line = await this.#line();
      if (line === null) return;
      const answer = await this.#command(line);
      if (answer === "close") return;
      this.#replies += `${answer}\r\n`;
      if (/^(221|421)/.test(answer)) return await this.#flush();
    }
  }

  /** The reply to one command line. */
  async #command(line: string): Promise<string> {
    const verb = line.slice(0, 4).toUpperCase();
    switch (verb) {
      case "EHLO": {
        const lines = ["server.example", ...this.options.extensions ?? EXTENSIONS];
        return lines.map((text, i) => `250${i === lines.length - 1 ? " " : "-"}${text}`).join(
          "\r\n",
        );
      }
      case "HELO":
        return "250 server.example";
      case "MAIL":
        return this.#mail(pathOf(line));
      case "RCPT":
        return this.#rcpt(pathOf(line));
      case "DATA":
        return await this.#data();
      case "RSET":
        this.#from = null;
        return "250 2.0.0 Ok";
      case "QUIT":
        return "221 2.0.0 Bye";
      case "NOOP":
        return "250 2.0.0 Ok";
      default:
        return "500 5.5.2 Unknown command";
    }
  }

  #mail(sender: string): string {
    if (this.#from !== null) return "503 5.5.1 Nested MAIL";
    const answer = this.options.onMail?.(sender) ?? null;
    if (answer !== null) return answer;
    this.#from = sender;
    this.#to = [];
    return "250 2.1.0 Ok";
  }

  #rcpt(address: string): string {
    if (this.#from === null) return "503 5.5.1 MAIL first";
    if (this.#to.length >= (this.options.maxRecipients ?? Infinity)) {
      return "452 4.5.3 Too many recipients";
    }
    const answer = (this.options.onRcpt ?? answerByName)(address);
    if (answer !== null) return answer;
    this.#to.push(address);
    return "250 2.1.5 Ok";
  }

  async #data(): Promise<string> {
    if (this.#from === null || this.#to.length === 0) return "503 5.5.1 No recipients";
    this.#replies += "354 End with a dot\r\n";
    const data = await this.#content();
    if (data === null) return "close";
    const message = { from: this.#from, to: this.#to, data, at: Date.now() };
    this.#from = null;
    const answer = (this.options.onContent ?? answerContentByName)(message);
    if (answer !== null) return answer;
    this.keep(message);
    return message.to.some((to) => to.startsWith("lose")) ? "close" : "250 2.0.0 Queued";
  }

  /** The content up to the final dot, or null if the client left before it. */
  async #content(): Promise<Uint8Array | null> {
    // Where the line in question begins, counted from #start.
    let line = 0;
    let dots = 0;
    for (;;) {
      const size = this.#end - this.#start;
      while (line + 2 < size) {
        const at = this.#start + line;
        if (this.#buffer[at] === 46) {
          if (this.#buffer[at + 1] === 13 && this.#buffer[at + 2] === 10) {
            const stuffed = this.#buffer.subarray(this.#start, at);
            const data = dots === 0 ? stuffed.slice() : undouble(stuffed, dots);
            this.#start = at + 3;
            return data;
          }
        }
        const lf = this.#buffer.indexOf(10, at);
        if (lf < 0 || lf >= this.#end) break;
        if (this.#buffer[at] === 46) dots++;
        line = lf + 1 - this.#start;
      }
      if (!await this.#fill()) return null;
    }
  }

  async #line(): Promise<string | null> {
    for (;;) {
      const lf = this.#buffer.indexOf(10, this.#start);
      if (lf >= 0 && lf < this.#end) {
        const line = decoder.decode(this.#buffer.subarray(this.#start, lf));
        this.#start = lf + 1;
        return line.endsWith("\r") ? line.slice(0, -1) : line;
      }
      if (!await this.#fill()) return null;
    }
  }

  /** Sends what is due, then waits for more bytes; false at the end. */
  async #fill(): Promise<boolean> {
    await this.#flush();
    if (this.#start > 0) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    if (this.#end === this.#buffer.length) {
      const larger = new Uint8Array(this.#buffer.length * 2);
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
    const count = await this.conn.read(this.#buffer.subarray(this.#end));
    if (count === null) return false;
    this.#end += count;
    return true;
  }

  async #flush(): Promise<void> {
    let rest = encoder.encode(this.#replies);
    this.#replies = "";
    while (rest.length > 0) rest = rest.subarray(await this.conn.write(rest));
  }
}

// As a process of its own: prints its port, and writes each accepted message as a line of JSON to
// the file named by its argument before it says 250, so that deliveries can be counted whatever
// is killed when.
if (import.meta.main) {
  const [path] = Deno.args;
  const file = path === undefined
    ? null
    : Deno.openSync(path, { create: true, append: true, write: true });
  const server = new SmtpServer({
    onAccepted({ from, to, data, at }) {
      const line = JSON.stringify({ from, to, data: base64(data), at });
      file?.writeSync(encoder.encode(`${line}\n`));
      server.messages.length = 0;
    },
  });
  console.log(server.port);
}

function base64(bytes: Uint8Array): string {
  let binary = "";
  for (let i = 0; i < bytes.length; i += 0x8000) {
    binary += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  }
  return btoa(binary);
}
