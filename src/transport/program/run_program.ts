// Runs one program with a message on its stdin, and waits for its end within a time limit. The
// program transport calls it; what an exit status means is in `sysexits.ts`.

import { sendSignalToGroup } from "../../system/shell.ts";
import type { Timers } from "../../system/time.ts";
import { joinBytes } from "../../system/bytes.ts";

interface ProgramCall {
  readonly path: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Called for what the program reads on stdin. */
  readonly input: () => AsyncIterable<Uint8Array>;
  readonly limitMs: number;
  readonly timers: Timers;
}

/** How a program ended, and the last it wrote to stderr. */
export type ProgramEnd =
  & { readonly stderr: string }
  & (
    | { readonly kind: "exited"; readonly status: number }
    | { readonly kind: "killed"; readonly signal: string }
    /** It ran longer than it may, and was killed. */
    | { readonly kind: "timeout" }
    /** Its input could not be read; it was killed before it saw an end of it. */
    | { readonly kind: "no_input"; readonly error: unknown }
  );

/** From asking a program to end to killing it. */
const GRACE_MS = 5_000;
/** How long its pipes are used after the program's end, should a child of it keep them open. */
const LATE_MS = 1_000;

/** Runs a program with its input on stdin, in pieces, and waits for its end. A program that does
 *  not read its input is no error. Rejects if it cannot be started. */
export async function runProgram(call: ProgramCall): Promise<ProgramEnd> {
  const { timers } = call;
  const child = new Deno.Command(call.path, {
    args: [...call.args],
    env: { ...call.env },
    clearEnv: true,
    // A process group of its own: it is killed as a whole, and a Ctrl-C meant for us does not
    // cut a delivery in two.
    detached: true,
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let hasEnded = false;
  let isLate = false;
  const kill = (signal: Deno.Signal) => {
    if (!hasEnded) sendSignalToGroup(child, signal);
  };
  let cancelTimer = timers.after(call.limitMs, () => {
    isLate = true;
    kill("SIGTERM");
    cancelTimer = timers.after(GRACE_MS, () => kill("SIGKILL"));
  });
  const tail = new Tail(child.stderr);
  const stdin = child.stdin.getWriter();
  let unread: { readonly error: unknown } | null = null;
  const feeding = feed(stdin, call.input, () => hasEnded).catch((error) => {
    unread = { error };
    // Not an end of input: the program would take a part of the message for the whole.
    kill("SIGKILL");
  });
  const status = await child.status;
  hasEnded = true;
  cancelTimer();
  stdin.abort().catch(() => {});
  const stderr = await tail.end(timers, LATE_MS);
  await endOrLimit(feeding, timers, LATE_MS);
  const failure = unread as { readonly error: unknown } | null; // set in a callback, unseen by the compiler
  if (failure !== null) return { kind: "no_input", error: failure.error, stderr };
  if (isLate) return { kind: "timeout", stderr };
  if (status.signal !== null) return { kind: "killed", signal: status.signal, stderr };
  return { kind: "exited", status: status.code, stderr };
}

/** Writes the input and ends it; stops where the program reads no more. Rejects with what reading
 *  the input threw, and then leaves stdin open. */
async function feed(
  stdin: WritableStreamDefaultWriter<Uint8Array>,
  input: () => AsyncIterable<Uint8Array>,
  hasEnded: () => boolean,
): Promise<void> {
  for await (const piece of input()) {
    if (piece.length === 0) continue;
    const isTaken = await stdin.write(piece).then(() => true, () => false);
    if (!isTaken || hasEnded()) return;
  }
  await stdin.close().catch(() => {});
}

/** Waits for `work`, but no longer than `limitMs`. */
function endOrLimit(work: Promise<void>, timers: Timers, limitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cancelTimer = timers.after(limitMs, resolve);
    work.then(() => {
      cancelTimer();
      resolve();
    });
  });
}

const TAIL_BYTES = 16 * 1024;

/** Reads a stream to its end and keeps the last of it. */
class Tail {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #done: Promise<void>;
  #bytes = new Uint8Array(0);

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
    this.#done = this.#read();
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const { value, done } = await this.#reader.read();
        if (done) return;
        this.#bytes = joinBytes([this.#bytes, value]).slice(-TAIL_BYTES);
      }
    } catch {
      // What was read so far has to do.
    }
  }

  /** The text, once the stream ends or `limitMs` are over. */
  async end(timers: Timers, limitMs: number): Promise<string> {
    const cancelTimer = timers.after(limitMs, () => this.#reader.cancel().catch(() => {}));
    await this.#done;
    cancelTimer();
    return new TextDecoder().decode(this.#bytes).trim();
  }
}
