// The end of a connection that no reply explains, as an error of its own kind: thrown by whatever
// waits on a connection, and turned into outcomes by the transaction and by who opens sessions.

import { errorText } from "../../../queue/errors.ts";

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
