// Tells a hook's command: a JSON line an event on its stdin, one process a batch. Called by deliver.ts;
// which events, and when again, is tell.ts's.

import { sendSignalToGroup, shell } from "../../system/shell.ts";
import type { Batch, DeliveryTools, Refused } from "./batch.ts";

/** Secrets of ours, and what holds for our own mail alone. */
const KEPT_BACK: readonly string[] = ["MAILQ_PASSWORD", "MAILQ_PASSWORD_COMMAND", "MAILQ_TX"];
/** So much of its stderr is kept: the end. */
const SHOWN_CHARS = 500;
/** What it has left running may hold stderr open for longer than it lives. */
const STDERR_MS = 200;
/** When we are told to stop it has so long to end. */
const STOP_MS = 2_000;

/** Runs the command in /bin/sh; it has the batch once it exits 0. When its time is up, or soon after
 *  `signal`, it and all that it started are killed. Rejects if there is no shell. */
export async function deliverToCommand(
  { name, command, timeoutMs }: {
    readonly name: string;
    readonly command: string;
    readonly timeoutMs: number;
  },
  { events }: Batch,
  { env, wait }: DeliveryTools,
  signal: AbortSignal,
): Promise<Refused> {
  const given = Object.entries(env).filter(([key]) => !KEPT_BACK.includes(key));
  const child = shell(command, {
    env: { ...Object.fromEntries(given), MAILQ_HOOK: name },
    clearEnv: true,
    detached: true,
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const over = new AbortController();
  let why = "";
  const killAfter = async (ms: number, reason: string) => {
    await wait(ms, over.signal);
    if (over.signal.aborted) return;
    why ||= reason;
    sendSignalToGroup(child, "SIGKILL");
  };
  const stop = () => void killAfter(STOP_MS, "it was stopped, and is told again");
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const limit = killAfter(timeoutMs, `it ran for more than ${timeoutMs / 1000} seconds`);
  const said = new Tail(child.stderr);
  try {
    const lines = events.map((event) => `${JSON.stringify(event)}\n`).join("");
    void feed(child.stdin, lines);
    const { code, signal: endedBy } = await child.status;
    over.abort();
    const heard = new AbortController();
    await Promise.race([said.end, wait(STDERR_MS, heard.signal)]);
    heard.abort();
    if (code === 0) return null;
    const how = why || (endedBy === null ? `it ended with status ${code}` : `${endedBy} ended it`);
    const text = said.text.trim();
    return { error: text === "" ? how : `${how}: ${text}`, retryAfterMs: null };
  } finally {
    over.abort();
    signal.removeEventListener("abort", stop);
    await said.close();
    await limit;
  }
}

/** A command that does not read its input is none the worse for it. */
async function feed(stdin: WritableStream<Uint8Array>, text: string): Promise<void> {
  const writer = stdin.getWriter();
  await writer.write(new TextEncoder().encode(text)).catch(() => {});
  await writer.close().catch(() => {});
}

/** The end of what a command says. */
class Tail {
  text = "";
  readonly end: Promise<void>;
  readonly #reader: ReadableStreamDefaultReader<string>;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.pipeThrough(new TextDecoderStream()).getReader();
    this.end = this.#read().catch(() => {});
  }

  async #read(): Promise<void> {
    for (;;) {
      const { value, done } = await this.#reader.read();
      if (done) return;
      this.text = (this.text + value).slice(-SHOWN_CHARS);
    }
  }

  async close(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
    await this.end;
  }
}
