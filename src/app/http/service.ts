// The HTTP of `run`, as little of it as monitors need: a GET, an answer, the end of the connection.
// Who may ask, and how long, is decided here; what is answered is pages.ts's.

import type { Socket } from "node:net";
import type { ListenSettings } from "../../config/tables/listen.ts";
import { isInNetwork, isLoopbackAddress } from "../../config/tables/networks.ts";
import { errorText } from "../../queue/errors.ts";
import { type OpenSocket, openSocket } from "../listen/sockets.ts";

export interface HttpRequest {
  readonly path: string;
  /** The field Accept; empty where there is none. */
  readonly accept: string;
}

export interface HttpAnswer {
  readonly status: 200 | 404 | 503;
  readonly type: string;
  readonly body: string;
}

interface HttpOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly onTrouble: (text: string) => void;
  readonly answer: (request: HttpRequest) => Promise<HttpAnswer>;
}

/** A request's head is no longer, and is here within so long. */
const MAX_HEAD = 8 * 1024;
const HEAD_MS = 10_000;
/** So many are answered at a time. */
const MAX_CLIENTS = 50;

const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** Answers until it is disposed of. */
export class HttpService implements AsyncDisposable {
  readonly #sockets: OpenSocket[] = [];
  readonly #clients = new Set<Socket>();

  private constructor(
    readonly listen: Pick<ListenSettings, "allow">,
    readonly options: HttpOptions,
  ) {}

  /** Begins to listen. Throws as `openSocket` does. */
  static async start(listen: ListenSettings, options: HttpOptions): Promise<HttpService> {
    const service = new HttpService(listen, options);
    try {
      for (const address of listen.http) {
        service.#sockets.push(
          await openSocket(address, {
            env: options.env,
            listen,
            onClient: (socket) => service.#meet(socket),
            onTrouble: options.onTrouble,
          }),
        );
      }
      return service;
    } catch (error) {
      await service[Symbol.asyncDispose]();
      throw error;
    }
  }

  get places(): string[] {
    return this.#sockets.map(({ place }) => place);
  }

  #meet(socket: Socket): void {
    socket.on("error", () => socket.destroy());
    if (this.#clients.size >= MAX_CLIENTS) {
      socket.destroy();
      return;
    }
    this.#clients.add(socket);
    socket.on("close", () => this.#clients.delete(socket));
    socket.setTimeout(HEAD_MS, () => socket.destroy());
    let head = "";
    const onData = (bytes: Uint8Array) => {
      // A head is ASCII; what is not is no path of ours.
      head += new TextDecoder("latin1").decode(bytes);
      const isWhole = head.includes("\r\n\r\n") || head.includes("\n\n");
      if (!isWhole && head.length <= MAX_HEAD) return;
      socket.off("data", onData);
      void this.#reply(socket, isWhole ? head : "");
    };
    socket.on("data", onData);
    socket.on("end", () => socket.destroy());
  }

  async #reply(socket: Socket, head: string): Promise<void> {
    const [line = "", ...fields] = head.split(/\r?\n/);
    const [, method = "", target = ""] = /^([A-Z]+) (\/\S*) HTTP\/1\.[01]$/.exec(line) ?? [];
    const hasBody = method !== "HEAD";
    if (!this.#mayAsk(socket)) return send(socket, 403, TEXT, "not allowed\n", hasBody);
    if (method === "") return send(socket, 400, TEXT, "expected a request\n", hasBody);
    if (method !== "GET" && hasBody) return send(socket, 405, TEXT, "expected GET\n", hasBody);
    const accept = fields.find((field) => /^accept:/i.test(field)) ?? "";
    try {
      const path = target.split("?", 1)[0] ?? "";
      const { status, type, body } = await this.options.answer({ path, accept });
      send(socket, status, type, body, hasBody);
    } catch (error) {
      send(socket, 500, TEXT, `${errorText(error)}\n`, hasBody);
    }
  }

  #mayAsk({ remoteAddress }: Socket): boolean {
    if (remoteAddress === undefined || isLoopbackAddress(remoteAddress)) return true;
    const address = remoteAddress.replace(/^::ffff:(?=\d+\.)/i, "");
    return isLoopbackAddress(address) ||
      this.listen.allow.some((network) => isInNetwork(address, network));
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.close();
    for (const client of this.#clients) client.destroy();
    return Promise.resolve();
  }
}

const TEXT = "text/plain; charset=utf-8";

function send(
  socket: Socket,
  status: number,
  type: string,
  body: string,
  hasBody: boolean,
): void {
  const bytes = new TextEncoder().encode(body);
  const head = `HTTP/1.1 ${status} ${REASONS[status]}\r\nContent-Type: ${type}\r\n` +
    `Content-Length: ${bytes.length}\r\nConnection: close\r\nCache-Control: no-store\r\n\r\n`;
  socket.write(head);
  socket.end(hasBody ? bytes : new Uint8Array());
}
