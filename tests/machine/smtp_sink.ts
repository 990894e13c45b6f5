import { endChild, Heard, startChild } from "../support/child.ts";
import { require } from "./requirements.ts";

const PROGRAM = "/usr/sbin/smtp-sink";
const BACKLOG = "1000";

/** Postfix's smtp-sink on a free port of 127.0.0.1. */
export class SmtpSink implements AsyncDisposable {
  readonly #stdout: Heard;

  private constructor(readonly child: Deno.ChildProcess, readonly port: number) {
    this.#stdout = new Heard(child.stdout);
  }

  /** `flags` are its own, such as `-r RCPT`. */
  static async start(...flags: string[]): Promise<SmtpSink> {
    require(PROGRAM);
    const port = freePort();
    const command = [PROGRAM, "-u", "nobody", "-c", ...flags, `127.0.0.1:${port}`, BACKLOG];
    const child = startChild(command, { cwd: "/", stderr: "inherit" });
    const sink = new SmtpSink(child, port);
    await sink.#listening();
    return sink;
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  /** Ends it and returns how many messages it took, by its own count. */
  async stop(): Promise<number> {
    await endChild(this.child, "SIGTERM");
    await this.#stdout.end;
    return Number([...this.#stdout.text.matchAll(/mesg=(\d+)/g)].at(-1)?.[1] ?? 0);
  }

  /** It says nothing when it is ready: a connection tells. */
  async #listening(): Promise<void> {
    const giveUpAt = performance.now() + 10_000;
    for (;;) {
      try {
        (await Deno.connect({ hostname: "127.0.0.1", port: this.port })).close();
        return;
      } catch (error) {
        if (performance.now() > giveUpAt) throw error;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
