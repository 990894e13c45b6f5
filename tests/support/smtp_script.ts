import net from "node:net";
import tls from "node:tls";
import type { ServerCertificate } from "./tls_certificates.ts";

/** The client ended the conversation while the script wanted more of it. */
export class PeerGone extends Error {
  override readonly name = "PeerGone";
}

/** One connection as its script sees it: every byte that came is kept, and bytes, resets and
 *  silence can be sent at will. */
export class Peer {
  #socket: net.Socket;
  #bytes = new Uint8Array(1 << 16);
  #size = 0;
  #taken = 0;
  #isOver = false;
  #wake: (() => void) | null = null;
  readonly #gone = Promise.withResolvers<void>();

  /** `n` counts connections from 0. */
  constructor(socket: net.Socket, readonly n: number) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", this.#onData);
    this.#attend(socket);
  }

  readonly #onData = (chunk: Uint8Array) => this.#keep(chunk);

  #attend(socket: net.Socket): void {
    socket.on("error", () => {});
    const over = () => {
      this.#isOver = true;
      this.#wake?.();
      this.#gone.resolve();
    };
    socket.on("end", over);
    socket.on("close", over);
  }

  /** Speaks TLS from here on; resolves once it is established, rejects with `PeerGone` if the
   *  client leaves before. */
  async secure(certificate: ServerCertificate): Promise<void> {
    this.#socket.off("data", this.#onData);
    const secured = new tls.TLSSocket(this.#socket, { isServer: true, ...certificate });
    this.#socket = secured;
    secured.on("data", this.#onData);
    this.#attend(secured);
    await Promise.race([
      new Promise<void>((resolve) => secured.once("secure", resolve)),
      this.#gone.promise,
    ]);
    if (this.#isOver) throw new PeerGone(`connection ${this.n} ended before TLS`);
    this.isSecure = true;
    // Deno's types leave it out; it is false where the client sent none.
    const { servername } = secured as tls.TLSSocket & { readonly servername: string | false };
    this.serverName = servername || null;
  }

  /** Whether TLS is in use, and the name the client sent with it. */
  isSecure = false;
  serverName: string | null = null;

  /** All bytes that have come so far. */
  get received(): Uint8Array {
    return this.#bytes.slice(0, this.#size);
  }

  /** The same as text, one character a byte. */
  get receivedText(): string {
    return new TextDecoder("latin1").decode(this.received);
  }

  /** Resolves when the client has closed or reset the connection. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  #keep(chunk: Uint8Array): void {
    if (this.#size + chunk.length > this.#bytes.length) {
      const larger = new Uint8Array((this.#size + chunk.length) * 2);
      larger.set(this.#bytes.subarray(0, this.#size));
      this.#bytes = larger;
    }
    this.#bytes.set(chunk, this.#size);
    this.#size += chunk.length;
    this.#wake?.();
  }

  async #more(): Promise<void> {
    if (this.#isOver) throw new PeerGone(`connection ${this.n} has ended`);
    await new Promise<void>((resolve) => this.#wake = resolve);
    this.#wake = null;
  }

  /** The next line, without its line end. */
  async line(): Promise<string> {
    for (;;) {
      const lf = this.#bytes.indexOf(10, this.#taken);
      if (lf >= 0 && lf < this.#size) {
        const line = new TextDecoder().decode(this.#bytes.subarray(this.#taken, lf));
        this.#taken = lf + 1;
        return line.replace(/\r$/, "");
      }
      await this.#more();
    }
  }

  /** What follows the reply to DATA, as it came, up to and with the final dot's line. */
  async content(): Promise<Uint8Array> {
    const start = this.#taken;
    let at = start;
    for (;;) {
      while (at + 3 <= this.#size) {
        const isDot = this.#bytes[at] === 46 && this.#bytes[at + 1] === 13 &&
          this.#bytes[at + 2] === 10;
        if (isDot) {
          this.#taken = at + 3;
          return this.#bytes.slice(start, this.#taken);
        }
        const lf = this.#bytes.indexOf(10, at);
        if (lf < 0 || lf >= this.#size) break;
        at = lf + 1;
      }
      await this.#more();
    }
  }

  /** Resolves once `count` bytes in all have come. */
  async waitForBytes(count: number): Promise<void> {
    while (this.#size < count) await this.#more();
  }

  /** Sends bytes, or text as one byte a character. */
  send(what: string | Uint8Array): void {
    if (this.#socket.destroyed) return;
    this.#socket.write(typeof what === "string" ? latin1(what) : what);
  }

  /** Sends what was written so far, then FIN; the other direction stays open. */
  halfClose(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroySoon();
  }

  /** Sends RST. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** Takes no more bytes from the network. */
  stopReading(): void {
    this.#socket.pause();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

export interface ScriptedServer extends AsyncDisposable {
  readonly port: number;
  /** In the order they were accepted. */
  readonly peers: readonly Peer[];
}

/** A server (on a free port of 127.0.0.1 unless said otherwise) that runs `script` for every connection, which is closed
 *  when the script ends. The client's going away ends a script quietly; any other error of a
 *  script is thrown when the server is disposed of. */
export async function scriptedServer(
  script: (peer: Peer) => Promise<void>,
  listenOn: { readonly path: string } | { readonly host: string; readonly port: number } = {
    host: "127.0.0.1",
    port: 0,
  },
): Promise<ScriptedServer> {
  const peers: Peer[] = [];
  const errors: unknown[] = [];
  const running: Promise<void>[] = [];
  const run = async (peer: Peer): Promise<void> => {
    try {
      await script(peer);
    } catch (error) {
      if (!(error instanceof PeerGone)) errors.push(error);
    } finally {
      peer.close();
    }
  };
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    const peer = new Peer(socket, peers.length);
    peers.push(peer);
    running.push(run(peer));
  });
  await new Promise<void>((resolve) => server.listen(listenOn, () => resolve()));
  const address = server.address();
  return {
    // A socket in the file system has none.
    port: typeof address === "object" && address !== null ? address.port : 0,
    peers,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const peer of peers) peer.destroy();
      await Promise.all(running);
      await closed;
      if (errors.length > 0) throw errors[0];
    },
  };
}

/** A reply (its last CRLF may be left out), bytes, or whatever else is done in place of one. */
export type Act = string | Uint8Array | ((peer: Peer) => void | Promise<void>);

/** What to do at each step; a step left out gets what a willing server answers. */
export interface Replies {
  readonly greeting?: Act;
  readonly ehlo?: Act;
  readonly helo?: Act;
  readonly starttls?: Act;
  /** The server's certificate: TLS begins after a 220 to STARTTLS, or at once if implicit. */
  readonly tls?: ServerCertificate;
  readonly isTlsImplicit?: boolean;
  /** Called with each AUTH line; answers for itself. */
  readonly auth?: (peer: Peer, line: string) => Promise<void>;
  readonly rset?: Act;
  readonly mail?: Act;
  /** `n` counts the recipients of the connection from 0. */
  readonly rcpt?: (address: string, n: number) => Act;
  readonly data?: Act;
  /** Asked at each DATA, in place of `data`. */
  readonly dataNow?: () => Act;
  readonly dot?: Act;
  /** After LHLO, in place of `dot`: the answer for each recipient taken, by its address. */
  readonly lmtpDot?: (address: string) => Act;
  readonly quit?: Act;
  /** Called with each content that is more than the final dot. */
  readonly onContent?: (content: Uint8Array) => void;
}

/** Holds an SMTP conversation until the client leaves, with `replies` in place of the usual. */
export async function converse(peer: Peer, replies: Replies = {}): Promise<void> {
  let rcptCount = 0;
  let isLmtp = false;
  let taken: string[] = [];
  if (replies.tls !== undefined && replies.isTlsImplicit) await peer.secure(replies.tls);
  await act(peer, replies.greeting ?? "220 script.example ESMTP");
  for (;;) {
    const line = await peer.line();
    const verb = line.slice(0, 4).toUpperCase();
    if (verb === "LHLO") isLmtp = true;
    if (verb === "MAIL") taken = [];
    if (verb === "EHLO" || verb === "LHLO") await act(peer, replies.ehlo ?? EHLO_REPLY);
    else if (verb === "STAR" && replies.tls !== undefined) {
      const reply = replies.starttls ?? "220 2.0.0 go ahead";
      await act(peer, reply);
      if (typeof reply === "string" && reply.startsWith("220")) await peer.secure(replies.tls);
    } else if (verb === "AUTH" && replies.auth !== undefined) await replies.auth(peer, line);
    else if (verb === "HELO") await act(peer, replies.helo ?? "250 script.example");
    else if (verb === "RSET") await act(peer, replies.rset ?? "250 2.0.0 reset");
    else if (verb === "MAIL") await act(peer, replies.mail ?? "250 2.1.0 sender ok");
    else if (verb === "RCPT") {
      const address = /<(.*)>/.exec(line)?.[1] ?? "";
      const answer = replies.rcpt?.(address, rcptCount++) ?? "250 2.1.5 recipient ok";
      if (typeof answer === "string" && answer.startsWith("250")) taken.push(address);
      await act(peer, answer);
    } else if (verb === "DATA") {
      const reply = replies.dataNow?.() ?? replies.data ?? "354 go ahead";
      await act(peer, reply);
      if (typeof reply === "string" && !reply.startsWith("354")) continue;
      const content = await peer.content();
      if (content.length > 3) replies.onContent?.(content);
      if (isLmtp) {
        for (const address of taken) {
          await act(peer, replies.lmtpDot?.(address) ?? "250 2.0.0 kept");
        }
      } else await act(peer, replies.dot ?? "250 2.0.0 queued as 1");
    } else if (verb === "QUIT") return await act(peer, replies.quit ?? "221 2.0.0 bye");
    else await act(peer, "500 5.5.2 unknown command");
  }
}

/** The reply to EHLO of a server with the usual extensions, one with TLS, one without PIPELINING. */
export const EHLO_REPLY =
  "250-script.example\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES";
export const EHLO_TLS = `${EHLO_REPLY.replace("250 ENH", "250-ENH")}\r\n250 STARTTLS`;
export const EHLO_STEP_BY_STEP = "250-script.example\r\n250 SIZE 10240000";

async function act(peer: Peer, what: Act): Promise<void> {
  if (typeof what === "function") await what(peer);
  else if (typeof what === "string") peer.send(what.endsWith("\n") ? what : `${what}\r\n`);
  else peer.send(what);
}

/** Acts that break off: RST; closing; closing one direction, then silence; silence. */
export const reset = (peer: Peer) => {
  peer.reset();
  throw new PeerGone("reset");
};
export const hangUp = (peer: Peer) => {
  peer.close();
  throw new PeerGone("hung up");
};
export const halfClose = async (peer: Peer) => {
  peer.halfClose();
  await peer.gone;
  throw new PeerGone("half-closed");
};
export const stall = async (peer: Peer) => {
  await peer.gone;
  throw new PeerGone("stalled");
};

/** Text as bytes, one a character. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
