import assert from "node:assert/strict";
import { endChild, startChild } from "./child.ts";

const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
const SCRIPT = new URL("./queue_child.ts", import.meta.url).pathname;

/** A process of its own that works on a queue (queue_child.ts). */
export class QueueProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<string>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;

  private constructor(command: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#child = startChild(command, { stdin: "", stderr: "inherit", env });
    this.#reader = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#writer = this.#child.stdin.getWriter();
  }

  static start(task: string, queue: string, count = 0): QueueProcess {
    return new QueueProcess(denoCommand(task, queue, count));
  }

  /** As a user whom the permissions of files bind, also where the tests are run by root. */
  static startUnprivileged(task: string, queue: string, home: string): QueueProcess {
    const env = { DENO_DIR: `${home}/deno`, HOME: home };
    const command = denoCommand(task, queue);
    if (Deno.uid() !== 0) return new QueueProcess(command, env);
    const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    return new QueueProcess([...nobody, ...command], env);
  }

  /** No file of the process can grow beyond so many bytes: writes fail as on a broken disk. */
  static startLimited(task: string, queue: string, fileBytes: number): QueueProcess {
    const script = `trap '' XFSZ; ulimit -f ${fileBytes / 512}; exec "$0" "$@"`;
    return new QueueProcess(["sh", "-c", script, ...denoCommand(task, queue)]);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** What the process prints next. */
  async says(): Promise<string> {
    const { value } = await this.#reader.read();
    return value?.trim() ?? "";
  }

  /** Lets a process that waits go on. */
  async goOn(): Promise<void> {
    await this.#writer.write(new Uint8Array(1));
  }

  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Kills the process as nothing can prevent, and waits for its end. */
  async kill(): Promise<void> {
    await endChild(this.#child);
  }

  async end(): Promise<void> {
    const { success } = await this.#child.status;
    assert(success, "the process failed");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.#reader.cancel();
    await this.#writer.abort().catch(() => {});
  }
}

function denoCommand(task: string, queue: string, count = 0): string[] {
  // Only the driver of PostgreSQL is a package that the settings of the repository name.
  const config = /^postgres/.test(queue) ? `--config=${CONFIG}` : "--no-config";
  const flags = ["--quiet", "--allow-all", "--no-check", "--no-lock", config];
  return [Deno.execPath(), "run", ...flags, SCRIPT, task, queue, String(count)];
}
