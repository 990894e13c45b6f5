// A port of this machine that a browser is sent back to with a code (RFC 8252 7.3). Called by the login in a
// browser; it takes one right answer, and tells the person that it is done.

import { type Answer, isRight, readAnswer } from "./answer.ts";

const GOODBYE_MS = 500;
const DONE = "Logged in to the relay. This page can be closed.";
const REFUSED = "The login was refused. mailq says why.";
const NOT_OURS = "This is not the answer to a login of mailq.";

export class Loopback implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #answer = Promise.withResolvers<Answer>();
  readonly #over = new AbortController();

  private constructor(readonly host: string, state: string) {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {}, signal: this.#over.signal },
      (request) => this.#take(request, state),
    );
    this.#answer.promise.catch(() => {});
  }

  /** Listens on a free port; what does not bring back `state` is turned away. */
  static listen(host: string, state: string): Loopback {
    return new Loopback(host, state);
  }

  /** Where the browser is to be sent. */
  get url(): string {
    return `http://${this.host}:${this.#server.addr.port}/`;
  }

  #take(request: Request, state: string): Response {
    const answer = readAnswer(request.url);
    const headers = { "content-type": "text/plain; charset=utf-8", connection: "close" };
    const isRefusal = answer.error !== null && answer.state === state;
    if (request.method !== "GET" || !isRefusal && !isRight(answer, state, "browser")) {
      return new Response(NOT_OURS, { status: 400, headers });
    }
    this.#answer.resolve(answer);
    return new Response(isRefusal ? REFUSED : DONE, { headers });
  }

  /** The first right answer. Rejects when told to stop. */
  async answer(signal: AbortSignal): Promise<Answer> {
    const stop = () => this.#answer.reject(new Error("stopped"));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop);
    try {
      return await this.#answer.promise;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The page that says so goes out first; a connection that a browser keeps open is not waited for.
    const timer = setTimeout(() => this.#over.abort(), GOODBYE_MS);
    await this.#server.shutdown();
    clearTimeout(timer);
  }
}
