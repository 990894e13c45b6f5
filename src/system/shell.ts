// Runs commands of the user's by /bin/sh, and sends signals to programs: for the error handler, the
// password command, the screen's pager and the relays that are programs. What an answer or an end
// means is left to them.

import type { Wait } from "./time.ts";

/** A command line for the shell, not yet started. */
export function shell(command: string, options: Deno.CommandOptions): Deno.Command {
  return new Deno.Command("/bin/sh", { ...options, args: ["-c", command] });
}

/** Sends a signal to a program. Never throws: it may have ended by itself. */
export function sendSignal(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // It has ended.
  }
}

/** Sends a signal to a program that was started with `detached`, and to all that it started. Never
 *  throws. To be called only as long as its end was not seen: the number may then be another's. */
export function sendSignalToGroup(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    Deno.kill(-child.pid, signal);
  } catch {
    sendSignal(child, signal);
  }
}

interface ShellCall {
  /** All the variables it gets; by default ours. */
  readonly env?: Readonly<Record<string, string>>;
  /** What it reads on stdin; by default nothing. */
  readonly input?: string;
  /** It and all that it starts are a group of their own, which no Ctrl-C at our terminal reaches,
   *  which has no terminal, and which is killed as a whole. */
  readonly isGroup: boolean;
  readonly limitMs: number;
  /** More of stdout is not read. */
  readonly maxBytes: number;
  readonly wait: Wait;
}

interface ShellAnswer {
  readonly text: string;
  readonly code: number;
  /** What ended it, be it ours. */
  readonly signal: Deno.Signal | null;
  /** It ran for longer than it may, and was ended. */
  readonly isLate: boolean;
  /** It printed `maxBytes` or more, of which `text` has the beginning, and was ended. */
  readonly isCut: boolean;
}

/** What a command prints on stdout, and how it ended; its stderr is not read. A group is ended by
 *  SIGKILL, a command at our terminal by SIGTERM. Rejects if there is no shell to be started. */
export async function askShell(command: string, call: ShellCall): Promise<ShellAnswer> {
  const { env, input, isGroup, limitMs, maxBytes, wait } = call;
  const child = shell(command, {
    ...env === undefined ? {} : { env: { ...env }, clearEnv: true },
    detached: isGroup,
    stdin: input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const end = () => isGroup ? sendSignalToGroup(child, "SIGKILL") : sendSignal(child, "SIGTERM");
  const stdout = child.stdout.getReader();
  const over = new AbortController();
  let isLate = false;
  const limit = wait(limitMs, over.signal).then(async () => {
    if (over.signal.aborted) return;
    isLate = true;
    end();
    // What the shell has started may live on, and keep the pipe open.
    await stdout.cancel();
  });
  try {
    const [{ text, isCut }] = await Promise.all([
      readStart(stdout, maxBytes),
      input === undefined ? null : feed(child.stdin, input),
    ]);
    if (isCut) end();
    const { code, signal } = await child.status;
    return { text, code, signal, isLate, isCut };
  } finally {
    over.abort();
    await limit;
  }
}

/** A command that does not read its input is none the worse for it. */
async function feed(stdin: WritableStream<Uint8Array>, input: string): Promise<void> {
  const writer = stdin.getWriter();
  await writer.write(new TextEncoder().encode(input)).catch(() => {});
  await writer.close().catch(() => {});
}

async function readStart(
  stdout: ReadableStreamDefaultReader<Uint8Array>,
  maxBytes: number,
): Promise<{ readonly text: string; readonly isCut: boolean }> {
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for (;;) {
    const { value, done } = await stdout.read();
    if (done) return { text: text + decoder.decode(), isCut: false };
    text += decoder.decode(value, { stream: true });
    size += value.length;
    if (size < maxBytes) continue;
    await stdout.cancel();
    return { text, isCut: true };
  }
}
