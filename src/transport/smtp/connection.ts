import { errorText } from "../../queue/errors.ts";
import type { Timers } from "./timers.ts";

/** How a conversation broke off other than by a reply. */
export type BreakKind = "lost" | "timeout" | "garbage" | "stopped";

/** The end of a connection, thrown inside the SMTP client and turned into outcomes at its edge. */
export class ConnectionBroken extends Error {
  override readonly name = "ConnectionBroken";
  constructor(readonly kind: BreakKind, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** A stream of bytes both ways; one read and one write may be under way at a time. */
export interface Wire {
  /** Waits for at least one byte and puts what came into `into`; null at the end. */
  read(into: Uint8Array): Promise<number | null>;
  /** Resolves once the system has taken every byte; if it rejects, the last byte was not taken. */
  write(bytes: Uint8Array): Promise<void>;
  /** Frees the connection. */
  close(): void;
  /** Ends it at once: a read or write under way, and any later one, rejects with `reason`. */
  abort(reason: ConnectionBroken): void;
}

class TcpWire implements Wire {
  readonly #connection: Deno.TcpConn;
  #reason: ConnectionBroken | null = null;
  #interrupt: ((reason: ConnectionBroken) => void) | null = null;
  #isClosed = false;

  constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  async read(into: Uint8Array): Promise<number | null> {
    if (this.#reason !== null) throw this.#reason;
    try {
      return await this.#connection.read(into);
    } catch (error) {
      throw this.#reason ?? error;
    }
  }

  // Deno 2.4 goes on with a write under way when its connection is closed, so `abort` must be
  // able to end the wait by itself.
  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#reason !== null) return reject(this.#reason);
      this.#interrupt = reject;
      const next = (rest: Uint8Array): void => {
        this.#connection.write(rest).then((count) => {
          if (count < rest.length) next(rest.subarray(count));
          else resolve();
        }, reject);
      };
      next(bytes);
    });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#connection.close();
  }

  abort(reason: ConnectionBroken): void {
    this.#reason ??= reason;
    this.#interrupt?.(this.#reason);
    this.close();
  }
}

/** Where and for how long to connect. */
export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly limitMs: number;
  readonly timers: Timers;
  readonly signal: AbortSignal;
}

/** Opens a TCP connection. Rejects with `ConnectionBroken`; one that is established after the
 *  time limit or the signal is closed unused. */
export function connectTcp(options: ConnectOptions): Promise<Wire> {
  const { host, port, limitMs, timers, signal } = options;
  return new Promise((resolve, reject) => {
    let isOver = false;
    const giveUp = (reason: ConnectionBroken) => {
      isOver = true;
      cancelTimer();
      signal.removeEventListener("abort", onAbort);
      reject(reason);
    };
    const onAbort = () => giveUp(new ConnectionBroken("stopped", "stopped while connecting"));
    const cancelTimer = timers.after(
      limitMs,
      () => giveUp(new ConnectionBroken("timeout", `no connection within ${limitMs} ms`)),
    );
    signal.addEventListener("abort", onAbort);
    Deno.connect({ hostname: host, port }).then((connection) => {
      if (isOver) return connection.close();
      cancelTimer();
      signal.removeEventListener("abort", onAbort);
      // Without this the kernel holds back each short command for up to 40 ms.
      connection.setNoDelay(true);
      resolve(new TcpWire(connection));
    }).catch((error) => {
      if (!isOver) giveUp(new ConnectionBroken("lost", networkErrorText(error), { cause: error }));
    });
  });
}

/** A network error's text without the system's number, which its name says already. */
export function networkErrorText(error: unknown): string {
  return errorText(error).replace(/ \(os error \d+\)$/, "");
}
