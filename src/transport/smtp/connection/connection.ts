import { errorText } from "../../../queue/errors.ts";
import type { Timers } from "../../../system/time.ts";
import type { TlsFacts, TlsRequest } from "./tls.ts";

/** How a conversation broke off other than by a reply: `tls` is TLS that could not be begun,
 *  `certificate` one that nobody vouches for, `login` one that came to no reply. */
export type BreakKind =
  | "lost"
  | "timeout"
  | "garbage"
  | "tls"
  | "certificate"
  | "login"
  | "stopped";

/** The end of a connection, thrown inside the SMTP client and turned into outcomes at its edge. */
export class ConnectionBroken extends Error {
  override readonly name = "ConnectionBroken";
  constructor(readonly kind: BreakKind, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** The end of a conversation in which no reply can be told to be whose any more. */
export function answeredTooMuch(): ConnectionBroken {
  return new ConnectionBroken("garbage", "the server answered more than it was asked");
}

/** A stream of bytes both ways; one read and one write may be under way at a time. */
export interface Wire {
  /** Waits for at least one byte and puts what came into `into`; null at the end. */
  read(into: Uint8Array): Promise<number | null>;
  /** Resolves once the system has taken every byte; if it rejects, the last byte was not taken. */
  write(bytes: Uint8Array): Promise<void>;
  /** Begins TLS, while neither a read nor a write is under way. Rejects with `ConnectionBroken`,
   *  of kind `garbage` if bytes in clear have come that nobody has read. */
  secure(request: TlsRequest): Promise<TlsFacts>;
  /** Frees the connection. */
  close(): void;
  /** Ends it at once: a read or write under way, and any later one, rejects with `reason`. */
  abort(reason: ConnectionBroken): void;
}

/** Where and for how long to connect. */
export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly limitMs: number;
  readonly timers: Timers;
  readonly signal: AbortSignal;
}

/** The limits of one wait. */
export interface WaitLimits extends Pick<ConnectOptions, "limitMs" | "timers" | "signal"> {
  /** What did not happen in time, such as `no connection`. */
  readonly missing: string;
}

/** Waits for `work` until the time limit or the signal, which reject with `ConnectionBroken`; what
 *  comes later is given to `discard`. */
export function waitWithin<T>(
  work: Promise<T>,
  limits: WaitLimits,
  discard: (late: T) => void,
): Promise<T> {
  const { limitMs, timers, signal, missing } = limits;
  return new Promise((resolve, reject) => {
    let isOver = false;
    const finish = (report: () => void) => {
      if (isOver) return;
      isOver = true;
      cancelTimer();
      signal.removeEventListener("abort", onAbort);
      report();
    };
    const giveUp = (reason: ConnectionBroken) => finish(() => reject(reason));
    const onAbort = () => giveUp(new ConnectionBroken("stopped", "stopped while connecting"));
    const cancelTimer = timers.after(
      limitMs,
      () => giveUp(new ConnectionBroken("timeout", `${missing} within ${limitMs} ms`)),
    );
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort);
    work.then(
      (made) => isOver ? discard(made) : finish(() => resolve(made)),
      (error) => giveUp(asBroken(error)),
    );
  });
}

/** What the network did, as the end of the connection. */
export function asBroken(error: unknown): ConnectionBroken {
  if (error instanceof ConnectionBroken) return error;
  return new ConnectionBroken("lost", networkErrorText(error), { cause: error });
}

/** The codes that `node:net` and `node:dns` give, in the words that Deno has for them. */
const TEXT_BY_CODE: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Connection refused",
  ECONNRESET: "Connection reset by peer",
  EPIPE: "Broken pipe",
  ETIMEDOUT: "Connection timed out",
  EHOSTUNREACH: "No route to host",
  ENETUNREACH: "Network is unreachable",
  ENOTFOUND: "its name is not known",
  EAI_AGAIN: "its name cannot be looked up now",
};

/** A network error's text without the system's number, which its name says already. */
export function networkErrorText(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return TEXT_BY_CODE[code] ?? errorText(error).replace(/ \(os error \d+\)$/, "");
}
