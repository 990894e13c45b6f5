// Processes for tests and benches: starting one, feeding its stdin, collecting what it printed,
// waiting for what it says, ending it. Every process of the tests is started here.

/** What a process is given. */
export interface ChildOptions {
  /** Makes stdin a pipe; `runChild` writes this to it and closes it. Left out, there is no stdin. */
  readonly stdin?: string | Uint8Array;
  /** Variables besides those of this process, or all there are with `clearEnv`. */
  readonly env?: Readonly<Record<string, string>>;
  readonly clearEnv?: boolean;
  readonly cwd?: string;
  /** Ends the process when it is aborted. */
  readonly signal?: AbortSignal;
  /** `piped` if left out. */
  readonly stdout?: "piped" | "inherit" | "null";
  /** `piped` if left out. */
  readonly stderr?: "piped" | "inherit" | "null";
}

/** How a process ended. */
export interface Ended {
  readonly code: number;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly stdoutBytes: Uint8Array;
}

/** Starts a program with its arguments and leaves it running; nothing is written to its stdin. */
export function startChild(
  command: readonly string[],
  options: ChildOptions = {},
): Deno.ChildProcess {
  const [program = "", ...args] = command;
  const { stdin, env, stdout = "piped", stderr = "piped", ...rest } = options;
  return new Deno.Command(program, {
    ...rest,
    args,
    env: { ...env },
    stdin: stdin === undefined ? "null" : "piped",
    stdout,
    stderr,
  }).spawn();
}

/** Writes all of a process's stdin and closes it. */
export async function feed(child: Deno.ChildProcess, input: string | Uint8Array): Promise<void> {
  const writer = child.stdin.getWriter();
  const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input;
  // A program that ends without reading all of its input closes the pipe.
  await writer.write(bytes).catch(() => {});
  await writer.close().catch(() => {});
}

/** Waits for the end of a process whose stdout and stderr are pipes that nobody else reads. */
export async function collect(child: Deno.ChildProcess): Promise<Ended> {
  const { code, signal, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return {
    code,
    signal,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
    stdoutBytes: stdout,
  };
}

/** Runs a program to its end, whatever that is. */
export async function runChild(
  command: readonly string[],
  options: Omit<ChildOptions, "stdout" | "stderr"> = {},
): Promise<Ended> {
  const child = startChild(command, options);
  const ended = collect(child);
  if (options.stdin !== undefined) await feed(child, options.stdin);
  return await ended;
}

/** Runs a program that must exit 0, and returns what it printed; throws with its stderr if not. */
export async function childOk(
  command: readonly string[],
  options: Omit<ChildOptions, "stdout" | "stderr"> = {},
): Promise<string> {
  const { code, signal, stdout, stderr } = await runChild(command, options);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${signal ?? code}: ${stderr}`);
  return stdout;
}

/** Sends a signal to a process, which may have ended by itself. */
export function signalChild(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // It has ended by itself.
  }
}

/** Ends a process, unless it has ended by itself, and waits for that. */
export async function endChild(
  child: Deno.ChildProcess,
  signal: Deno.Signal = "SIGKILL",
): Promise<void> {
  signalChild(child, signal);
  await child.status;
}

/** What a process writes to one of its pipes, as it comes. */
export class Heard {
  /** All that has come so far. */
  text = "";
  /** Resolves when the pipe is closed: by the process and by all that it has started. */
  readonly end: Promise<void>;
  #waiting: { readonly pattern: RegExp; readonly resolve: () => void }[] = [];

  constructor(pipe: ReadableStream<Uint8Array>) {
    this.end = this.#read(pipe);
  }

  /** Resolves once the text has a match, which may have come already; throws if the pipe is closed
   *  before. */
  async said(pattern: RegExp): Promise<RegExpExecArray> {
    if (!pattern.test(this.text)) {
      await Promise.race([
        new Promise<void>((resolve) => this.#waiting.push({ pattern, resolve })),
        this.end,
      ]);
    }
    const match = pattern.exec(this.text);
    if (match === null) throw new Error(`it never said ${pattern}, but: ${this.text}`);
    return match;
  }

  async #read(pipe: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of pipe) {
      this.text += decoder.decode(bytes, { stream: true });
      const due = this.#waiting.filter(({ pattern }) => pattern.test(this.text));
      this.#waiting = this.#waiting.filter((one) => !due.includes(one));
      for (const { resolve } of due) resolve();
    }
  }
}
