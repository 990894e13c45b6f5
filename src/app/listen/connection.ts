// One client's connection: its bytes for the SMTP server, the replies, TLS, and how long it has been
// waited for. Made by listener.ts; what is said on it is src/intake/smtp's.

import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { SecureContext } from "node:tls";
import type { SmtpInput } from "../../intake/smtp/input.ts";
import { joinBytes } from "../../system/bytes.ts";
import type { Timers } from "../../system/time.ts";

/** Unread bytes past which the client has to wait. */
const ENOUGH_UNREAD = 64 * 1024;
const HANDSHAKE_MS = 30_000;
const NOTHING = new Uint8Array(0);

/** What a client is waited for: a command, the text of a mail, or nothing (it waits for us). */
type Awaited = "command" | "text" | "nothing";

/** A client's connection, from accept to close. */
export class Connection implements SmtpInput {
  bytes: Uint8Array = NOTHING;
  #socket: Socket;
  #unread: Uint8Array[] = [];
  #unreadBytes = 0;
  #replies = "";
  #hasEnded = false;
  #isTls = false;
  #wake: (() => void) | null = null;
  #unlisten: () => void = () => {};
  /** When what is waited for was begun. */
  #since: number;
  #awaits: Awaited = "command";
  #isWaiting = false;
  #isClosing = false;
  /** What is said in place of waiting for another command. */
  #farewell: string | null = null;
  #textBytes = 0;

  constructor(socket: Socket, readonly timers: Timers, onClose: () => void) {
    this.#socket = socket;
    this.#since = timers.now();
    // What the system says of a socket that is closed already is nobody's business.
    socket.on("error", () => {});
    socket.once("close", onClose);
    this.#listen(socket);
  }

  #listen(socket: Socket): void {
    const onData = (chunk: Uint8Array) => {
      // A Buffer's slice() is no copy, and whoever keeps bytes takes one.
      this.#unread.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
      this.#unreadBytes += chunk.length;
      if (this.#unreadBytes > ENOUGH_UNREAD) socket.pause();
      this.#wake?.();
    };
    const onEnd = () => {
      this.#hasEnded = true;
      this.#wake?.();
    };
    const onDrain = () => this.#wake?.();
    socket.on("data", onData).on("end", onEnd).on("close", onEnd).on("drain", onDrain);
    this.#unlisten = () => {
      socket.off("data", onData).off("end", onEnd).off("close", onEnd).off("drain", onDrain);
    };
  }

  get isTls(): boolean {
    return this.#isTls;
  }

  /** How long the client has kept us waiting, in ms; 0 where it waits for us. A text that comes at
   *  a fair pace keeps nobody waiting. */
  waitedMs(): number {
    if (!this.#isWaiting) return 0;
    const waited = this.timers.now() - this.#since;
    const fair = this.#awaits === "text" ? this.#textBytes / FAIR_BYTES_PER_MS : 0;
    return Math.max(0, waited - fair);
  }

  /** What is waited for from now on. */
  awaits(what: Awaited): void {
    this.#awaits = what;
    this.#since = this.timers.now();
    this.#textBytes = 0;
  }

  take(count: number): void {
    this.bytes = this.bytes.subarray(count);
    this.#textBytes += count;
  }

  async more(): Promise<boolean> {
    if (this.#farewell !== null && this.#awaits === "command") {
      this.#replies += this.#farewell;
      this.close();
    }
    this.flush();
    this.#isWaiting = true;
    try {
      for (;;) {
        if (this.#isClosing || this.#socket.destroyed) return false;
        // Who reads no replies is obeyed no more.
        const isRead = !this.#socket.writableNeedDrain;
        if (isRead && this.#unreadBytes > 0) break;
        if (isRead && this.#hasEnded) return false;
        await new Promise<void>((resolve) => this.#wake = resolve);
        this.#wake = null;
      }
    } finally {
      this.#isWaiting = false;
    }
    const [first = NOTHING] = this.#unread;
    const isOne = this.#unread.length === 1 && this.bytes.length === 0;
    this.bytes = isOne ? first : joinBytes([this.bytes, ...this.#unread]);
    this.#unread = [];
    this.#unreadBytes = 0;
    if (this.#socket.isPaused()) this.#socket.resume();
    return true;
  }

  /** Takes a reply, which goes out when the client is waited for. */
  say(text: string): void {
    this.#replies += text;
    // Each command has one: it has come to its end.
    if (this.#awaits === "command") this.#since = this.timers.now();
  }

  flush(): void {
    if (this.#replies === "" || this.#socket.destroyed) return;
    this.#socket.write(this.#replies, "latin1");
    this.#replies = "";
  }

  /** Begins TLS, as its server. False if that fails: the connection is of no more use then. */
  async secure(context: SecureContext): Promise<boolean> {
    const plain = this.#socket;
    this.flush();
    this.#unlisten();
    // RFC 3207 4.2: what has come in clear is forgotten.
    this.#unread = [];
    this.#unreadBytes = 0;
    this.bytes = NOTHING;
    const socket = new TLSSocket(plain, { isServer: true, secureContext: context });
    this.#socket = socket;
    this.#listen(socket);
    const isSecure = await new Promise<boolean>((resolve) => {
      const cancel = this.timers.after(HANDSHAKE_MS, () => resolve(false));
      const settle = (is: boolean) => () => {
        cancel();
        resolve(is);
      };
      socket.once("secure", settle(true));
      socket.once("error", settle(false));
      socket.once("close", settle(false));
      plain.once("close", settle(false));
    });
    socket.on("error", () => {});
    this.#isTls = isSecure;
    if (!isSecure) this.close();
    return isSecure;
  }

  /** Says a last word, unless the client is waiting for an answer, and closes. */
  dismiss(lastWord: string): void {
    if (this.#isWaiting) {
      this.#replies += lastWord;
      this.flush();
    }
    this.close();
  }

  /** As `dismiss`, as soon as a command is waited for. */
  closeSoon(lastWord: string): void {
    if (this.#isWaiting && this.#awaits === "command") this.dismiss(lastWord);
    else this.#farewell = lastWord;
  }

  /** Gets the replies out and closes. */
  close(): void {
    const socket = this.#socket;
    if (this.#isClosing || socket.destroyed) return;
    this.#isClosing = true;
    this.flush();
    this.#unlisten();
    // What still comes is read and forgotten, or the system would answer it with a reset, which may
    // overtake the last reply.
    socket.resume();
    socket.end(() => socket.destroy());
    // A client that reads nothing must not keep it open.
    const cancel = this.timers.after(LINGER_MS, () => socket.destroy());
    socket.once("close", cancel);
    this.#hasEnded = true;
    this.#wake?.();
  }
}

/** 10 KB a second. */
const FAIR_BYTES_PER_MS = 10;
const LINGER_MS = 2_000;
