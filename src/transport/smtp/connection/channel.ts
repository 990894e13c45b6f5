// SMTP on a wire: command lines out, replies in, each step within its time limit, and all of it in
// the transcript. Session and transaction speak through it; what replies mean is left to them.

import { asBroken, ConnectionBroken } from "./broken.ts";
import type { Wire } from "./wire.ts";
import { ReplyReader, SmtpReply } from "../mail/replies.ts";
import { Watchdog } from "./timers.ts";
import { type TlsFacts, tlsLabel, type TlsRequest } from "./tls.ts";
import type { Transcript } from "./transcript.ts";
import type { Timers } from "../../../system/time.ts";

const encoder = new TextEncoder();
/** Room for a message that goes out in one write. */
const SINGLE_WRITE_BYTES = 65_536;

/** Commands out, replies in, on one wire, each step under its deadline. Whatever ends the
 *  conversation is thrown as `ConnectionBroken` by the step that waits. */
export class Channel {
  /** For putting a small message together; free again once its reply has come. */
  readonly scratch = new Uint8Array(SINGLE_WRITE_BYTES);
  readonly #reader = new ReplyReader();
  readonly #watchdog: Watchdog;
  #written: Promise<void> = Promise.resolve();
  #pendingWrites = 0;
  #writeError: unknown = null;
  #overdue = "";
  #listening: Promise<number | null> | null = null;
  #hasHeard = false;
  #peeked: SmtpReply | null = null;
  #concealed: readonly string[] = [];

  constructor(
    readonly wire: Wire,
    readonly timers: Timers,
    readonly transcript: Transcript,
  ) {
    this.#watchdog = new Watchdog(timers, () => {
      this.abort(new ConnectionBroken("timeout", this.#overdue));
    });
  }

  /** Whether the server has said more than it was asked. */
  get hasUnasked(): boolean {
    return this.#peeked !== null || this.#reader.hasRest;
  }

  /** Whether the server has spoken since `listen`. */
  get hasHeard(): boolean {
    return this.#hasHeard;
  }

  /** Sends command lines, each with its CRLF, without waiting: replies can be read meanwhile, so
   *  neither side can block the other. `shown` is what the transcript says. */
  sendCommands(lines: string, { shown = lines }: { readonly shown?: string } = {}): void {
    this.showCommands(shown);
    this.post(encoder.encode(lines));
  }

  /** Puts commands into the transcript that went out already. */
  showCommands(lines: string): void {
    this.transcript.add(this.timers.now(), "C", lines);
  }

  /** Writes without waiting, in order. A failure shows in `flush`, or in the reply that never
   *  comes. */
  post(bytes: Uint8Array): void {
    if (this.#pendingWrites++ === 0) this.#written = this.#write(bytes);
    else this.#written = this.#written.then(() => this.#write(bytes));
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      if (this.#writeError === null) await this.wire.write(bytes);
    } catch (error) {
      this.#writeError = error;
    } finally {
      this.#pendingWrites--;
    }
  }

  /** Waits until the system has taken all that was posted; throws if it has not. */
  async flush(limitMs: number): Promise<void> {
    if (this.#pendingWrites > 0) {
      this.#overdue = "the server took no more bytes in time";
      this.#watchdog.arm(limitMs);
      await this.#written;
      this.#watchdog.disarm();
    }
    if (this.#writeError !== null) throw asBroken(this.#writeError);
  }

  /** Whether all that was posted has been taken by the system. */
  get isFlushed(): boolean {
    return this.#pendingWrites === 0 && this.#writeError === null;
  }

  /** The next reply, which must be complete within `limitMs`. */
  async reply(limitMs: number): Promise<SmtpReply> {
    const buffered = this.bufferedReply();
    if (buffered !== null) return buffered;
    this.#overdue = "no reply came in time";
    this.#watchdog.arm(limitMs);
    try {
      for (;;) {
        const count = await (this.#listening ?? this.wire.read(this.#reader.space()));
        this.#listening = null;
        this.#hasHeard = false;
        if (count === null) {
          this.#noteRest();
          throw new ConnectionBroken("lost", "the server closed the connection");
        }
        this.#reader.filled(count);
        const reply = this.bufferedReply();
        if (reply !== null) return reply;
      }
    } catch (error) {
      throw asBroken(error);
    } finally {
      this.#watchdog.disarm();
    }
  }

  /** The next reply if it is here already; it stays the next one. */
  peekReply(): SmtpReply | null {
    return this.#peeked ??= this.bufferedReply();
  }

  /** The next reply if it is here already. */
  bufferedReply(): SmtpReply | null {
    const peeked = this.#peeked;
    this.#peeked = null;
    if (peeked !== null) return peeked;
    try {
      let reply = this.#reader.next();
      if (reply === null) return null;
      if (this.#concealed.length > 0) reply = new SmtpReply(reply.code, this.#veil(reply.raw));
      this.transcript.add(this.timers.now(), "S", reply);
      return reply;
    } catch (error) {
      this.#noteRest();
      throw error;
    }
  }

  /** Begins to read the next reply while something else is waited for. Where a server replies and
   *  then resets the connection, only a read that was begun before the reset gets the reply. */
  listen(): void {
    this.#listening ??= this.wire.read(this.#reader.space());
    this.#listening.then((count) => this.#hasHeard = count !== null, () => {});
  }

  /** Begins TLS, which must be established within `limitMs`. */
  async secure(request: TlsRequest, limitMs: number): Promise<TlsFacts> {
    if (this.#reader.hasRest) {
      this.#noteRest();
      throw new ConnectionBroken("garbage", "the server sent bytes in clear when TLS was to begin");
    }
    this.#overdue = "TLS was not established in time";
    this.#watchdog.arm(limitMs);
    try {
      const facts = await this.wire.secure(request);
      this.note(tlsLabel(facts) + (facts.doubt === null ? "" : `: ${facts.doubt}`));
      return facts;
    } catch (error) {
      throw asBroken(error);
    } finally {
      this.#watchdog.disarm();
    }
  }

  /** From now on shows `***` wherever the server says one of `secrets`. */
  conceal(secrets: readonly string[]): void {
    // So short a word stands in many a reply.
    this.#concealed = [...this.#concealed, ...secrets.filter((secret) => secret.length > 3)];
  }

  #veil(text: string): string {
    return this.#concealed.reduce((veiled, secret) => veiled.replaceAll(secret, "***"), text);
  }

  /** Puts into the transcript what came and was no reply. */
  #noteRest(): void {
    if (!this.#reader.hasRest) return;
    this.transcript.add(this.timers.now(), "S", this.#veil(this.#reader.rest).slice(0, 500));
  }

  /** Adds a remark to the transcript. */
  note(text: string): void {
    this.transcript.add(this.timers.now(), "--", text);
  }

  /** Ends the connection at once; the step that waits throws `reason`. */
  abort(reason: ConnectionBroken): void {
    this.#watchdog.stop();
    this.wire.abort(reason);
  }

  /** Frees the connection. */
  close(): void {
    this.#watchdog.stop();
    this.wire.close();
  }
}
