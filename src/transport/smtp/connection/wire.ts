// What a connection is to the SMTP client: bytes in, bytes out, TLS. Two kinds of it are made,
// `tcp_wire.ts` (Deno's own) and `node_wire.ts` (for TLS); the channel speaks SMTP on either.

import type { ConnectionBroken } from "./broken.ts";
import type { TlsFacts, TlsRequest } from "./tls.ts";

/** A stream of bytes both ways; one read and one write may be under way at a time. */
export interface Wire {
  /** Our end's address; null where it has none. */
  readonly localAddress: string | null;
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
