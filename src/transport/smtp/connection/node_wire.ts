// A wire on `node:net` and `node:tls`, which tell all about a certificate. Loaded only where TLS is
// wanted (`session_opener.ts`): loading it costs 40 ms, and in clear Deno's own connections are
// quicker.

import net from "node:net";
import tls from "node:tls";
import { ConnectionBroken, networkErrorText } from "./broken.ts";
import type { Wire } from "./wire.ts";
import { dialTcp } from "./tcp_wire.ts";
import {
  type CertificateFacts,
  explainDoubt,
  NO_NAMES,
  pinMismatch,
  pinOf,
  type TlsFacts,
  type TlsRequest,
} from "./tls.ts";

/** Unread bytes past which the server has to wait. */
const ENOUGH_UNREAD = 65_536;

/** A wire that can begin TLS and tell all about it. Loaded only where TLS is wanted: `node:net`
 *  and `node:tls` cost 40 ms, and in clear Deno's own connections are quicker. */
class NodeWire implements Wire {
  #socket: net.Socket;
  #plain: net.Socket;
  #chunks: Uint8Array[] = [];
  #unread = 0;
  #isEnded = false;
  #error: unknown = null;
  #reason: ConnectionBroken | null = null;
  #wake: (() => void) | null = null;
  #failWrite: ((reason: unknown) => void) | null = null;
  #unlisten: () => void = () => {};

  constructor(socket: net.Socket) {
    this.#socket = this.#plain = socket;
    this.#listen(socket);
  }

  /** Listens to `socket`, in place of the one before. */
  #listen(socket: net.Socket): void {
    const onData = (chunk: Uint8Array) => {
      this.#chunks.push(chunk);
      this.#unread += chunk.length;
      if (this.#unread > ENOUGH_UNREAD) socket.pause();
      this.#wake?.();
    };
    const onEnd = () => this.#end(null);
    const onError = (error: Error) => this.#end(error);
    socket.on("data", onData).on("end", onEnd).on("close", onEnd).on("error", onError);
    this.#unlisten = () => {
      socket.off("data", onData).off("end", onEnd).off("close", onEnd).off("error", onError);
    };
  }

  #end(error: unknown): void {
    this.#isEnded = true;
    this.#error ??= error;
    this.#wake?.();
    if (error !== null || this.#socket.destroyed) {
      this.#failWrite?.(
        this.#reason ?? this.#error ?? new Error("the server closed the connection"),
      );
    }
  }

  get localAddress(): string | null {
    return this.#plain.localAddress ?? null;
  }

  async read(into: Uint8Array): Promise<number | null> {
    for (;;) {
      if (this.#reason !== null) throw this.#reason;
      const chunk = this.#chunks[0];
      if (chunk !== undefined) return this.#take(chunk, into);
      if (this.#error !== null) throw this.#error;
      if (this.#isEnded) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
      this.#wake = null;
    }
  }

  #take(chunk: Uint8Array, into: Uint8Array): number {
    const count = Math.min(chunk.length, into.length);
    into.set(count < chunk.length ? chunk.subarray(0, count) : chunk);
    if (count < chunk.length) this.#chunks[0] = chunk.subarray(count);
    else this.#chunks.shift();
    this.#unread -= count;
    if (this.#unread === 0 && this.#socket.isPaused()) this.#socket.resume();
    return count;
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#reason !== null) return reject(this.#reason);
      this.#failWrite = reject;
      this.#socket.write(bytes, (error) => {
        if (error === null || error === undefined) resolve();
        else reject(this.#reason ?? error);
      });
    });
  }

  async secure(request: TlsRequest): Promise<TlsFacts> {
    if (this.#reason !== null) throw this.#reason;
    // RFC 3207 section 4.2: what came in clear must not pass for what comes under TLS.
    if (this.#chunks.length > 0) {
      throw new ConnectionBroken("garbage", "the server sent bytes in clear when TLS was to begin");
    }
    this.#unlisten();
    const socket = tls.connect({
      socket: this.#plain,
      host: request.host,
      // RFC 6066 section 3: an address is no server name.
      servername: net.isIP(request.host) === 0 ? request.host : "",
      minVersion: "TLSv1.2",
      // Whom to trust is judged below, where it can be said what is wrong.
      rejectUnauthorized: false,
      ...(request.ca === null ? {} : { ca: [request.ca] }),
    });
    this.#socket = socket;
    this.#listen(socket);
    await new Promise<void>((resolve, reject) => {
      this.#failWrite = (error) => reject(asTlsFault(error));
      // Its errors are the TLS socket's too, but not on every way.
      this.#plain.on("error", this.#failWrite);
      socket.once("end", () => reject(asTlsFault(new Error("the server closed the connection"))));
      socket.once("secureConnect", resolve);
    });
    return judge(socket, request);
  }

  close(): void {
    this.#socket.destroy();
    this.#plain.destroy();
  }

  abort(reason: ConnectionBroken): void {
    this.#reason ??= reason;
    this.#failWrite?.(this.#reason);
    this.#wake?.();
    this.close();
  }
}

function asTlsFault(error: unknown): ConnectionBroken {
  if (error instanceof ConnectionBroken) return error;
  return new ConnectionBroken("tls", networkErrorText(error), { cause: error });
}

/** Compares what the server showed with what was asked for. */
function judge(socket: tls.TLSSocket, request: TlsRequest): TlsFacts {
  const version = socket.getProtocol() ?? "TLS";
  const certificate = certificateOf(socket);
  if (request.pin !== null) {
    const found = certificate === null ? null : pinOf(certificate.fingerprint);
    if (found !== request.pin) throw pinMismatch(found);
    return { version, isVerified: true, doubt: null, certificate };
  }
  // node:tls would take the common name for want of others (RFC 9525 section 2 has it ignored).
  const isNamed = certificate !== null && certificate.names !== "";
  if (socket.authorized && isNamed) return { version, isVerified: true, doubt: null, certificate };
  const why: unknown = socket.authorizationError;
  const code = socket.authorized
    ? NO_NAMES
    : why instanceof Error && "code" in why
    ? String(why.code)
    : String(why);
  const doubt = explainDoubt(code, certificate, request.host, Date.now());
  if (request.mustVerify) throw new ConnectionBroken("certificate", doubt);
  return { version, isVerified: false, doubt, certificate };
}

function certificateOf(socket: tls.TLSSocket): CertificateFacts | null {
  const shown = socket.getPeerCertificate();
  // It is empty where the server showed none, whatever its type says.
  if (typeof shown?.fingerprint256 !== "string") return null;
  return {
    validFrom: Date.parse(shown.valid_from),
    validTo: Date.parse(shown.valid_to),
    names: shown.subjectaltname ?? "",
    fingerprint: shown.fingerprint256,
  };
}

/** Opens a wire that can begin TLS to an address. */
export function dialForTls(address: string, port: number): Promise<Wire> {
  if (!isNodeTlsFit(Deno.version.deno)) return dialTcp(address, port);
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: address, port });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.removeListener("error", reject);
      socket.setNoDelay(true);
      resolve(new NodeWire(socket));
    });
  });
}

/** Whether `node:tls` tells the certificate and whether it was verified: before Deno 2.9 it called
 *  every connection authorised. */
export function isNodeTlsFit(denoVersion: string): boolean {
  const [major = 0, minor = 0] = denoVersion.split(".").map(Number);
  return major > 2 || (major === 2 && minor >= 9);
}
