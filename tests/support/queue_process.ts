import assert from "node:assert/strict";

const SCRIPT = new URL("./queue_child.ts", import.meta.url).pathname;

/** A process of its own that works on a queue (queue_child.ts). */
export class QueueProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<string>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;

  private constructor(command: string, args: readonly string[], env: Record<string, string>) {
    this.#child = new Deno.Command(command, {
      args: [...args],
      stdin: "piped",
      stdout: "piped",
      env,
    }).spawn();
    this.#reader = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#writer = this.#child.stdin.getWriter();
  }

  static start(task: string, queue: string, count = 0): QueueProcess {
    return new QueueProcess(Deno.execPath(), denoArgs(task, queue, count), {});
  }

  /** As a user whom the permissions of files bind, also where the tests are run by root. */
  static startUnprivileged(task: string, queue: string, home: string): QueueProcess {
    const env = { DENO_DIR: `${home}/deno`, HOME: home };
    const args = denoArgs(task, queue, 0);
    if (Deno.uid() !== 0) return new QueueProcess(Deno.execPath(), args, env);
    const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", Deno.execPath()];
    return new QueueProcess("setpriv", [...nobody, ...args], env);
  }

  /** No file of the process can grow beyond so many bytes: writes fail as on a broken disk. */
  static startLimited(task: string, queue: string, fileBytes: number): QueueProcess {
    const command = `trap '' XFSZ; ulimit -f ${fileBytes / 512}; exec "$0" "$@"`;
    const args = ["-c", command, Deno.execPath(), ...denoArgs(task, queue, 0)];
    return new QueueProcess("sh", args, {});
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
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.#child.status;
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

function denoArgs(task: string, queue: string, count: number): string[] {
  const flags = ["--quiet", "--allow-all", "--no-check", "--no-lock", "--no-config"];
  return ["run", ...flags, SCRIPT, task, queue, String(count)];
}
