// A wire on Deno's own connections, over TCP or a socket in the file system. `connect.ts` makes it
// where no TLS is wanted; its own TLS is for runtimes whose `node:tls` cannot be relied on.

import { errorText } from "../../../queue/errors.ts";
import { ConnectionBroken, networkErrorText } from "./broken.ts";
import type { Wire } from "./wire.ts";
import { explainPeerDoubt, pinMismatch, type TlsFacts, type TlsRequest } from "./tls.ts";

/** A wire on Deno's own connections: the quickest in clear. Its TLS serves runtimes whose
 *  `node:tls` is not fit for it, and always verifies. */
export class TcpWire implements Wire {
  #connection: Deno.TcpConn | Deno.TlsConn | Deno.UnixConn;
  #reason: ConnectionBroken | null = null;
  #interrupt: ((reason: ConnectionBroken) => void) | null = null;
  #isClosed = false;

  constructor(connection: Deno.TcpConn | Deno.UnixConn) {
    this.#connection = connection;
  }

  get localAddress(): string | null {
    const { localAddr } = this.#connection;
    return "hostname" in localAddr ? localAddr.hostname : null;
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

  async secure(request: TlsRequest): Promise<TlsFacts> {
    const plain = this.#connection;
    if (!("setNoDelay" in plain) || "handshake" in plain) {
      throw new ConnectionBroken("tls", "TLS needs a TCP connection");
    }
    if (request.pin !== null) throw pinMismatch(null);
    try {
      const connection = await Deno.startTls(plain, {
        hostname: request.host,
        caCerts: request.ca === null ? [] : [request.ca],
      });
      this.#connection = connection;
      if (this.#isClosed) connection.close();
      const interrupted = new Promise<never>((_, reject) => this.#interrupt = reject);
      await Promise.race([connection.handshake(), interrupted]);
      return { version: "TLS", isVerified: true, doubt: null, certificate: null };
    } catch (error) {
      throw this.#reason ?? asTlsFault(error, request.host);
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.#connection.close();
    } catch (error) {
      // One that became a TLS connection at this moment is closed by `secure`.
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  abort(reason: ConnectionBroken): void {
    this.#reason ??= reason;
    this.#interrupt?.(this.#reason);
    this.close();
  }
}

function asTlsFault(error: unknown, host: string): ConnectionBroken {
  const [, doubt] = /^invalid peer certificate: (.*)/s.exec(errorText(error)) ?? [];
  if (doubt === undefined) {
    return new ConnectionBroken("tls", networkErrorText(error), { cause: error });
  }
  return new ConnectionBroken("certificate", explainPeerDoubt({ doubt, host }), { cause: error });
}

/** Opens a wire to an address. */
export async function dialTcp(address: string, port: number): Promise<Wire> {
  const connection = await Deno.connect({ hostname: address, port });
  // Without this the kernel holds back each short command for up to 40 ms.
  connection.setNoDelay(true);
  return new TcpWire(connection);
}

/** Opens a wire to a socket in the file system. */
export async function dialUnix(path: string): Promise<Wire> {
  return new TcpWire(await Deno.connect({ transport: "unix", path }));
}
