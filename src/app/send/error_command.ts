// Runs the command of the setting `error_handler` for one failure and reads its answer. Called through
// the options of a pass (pass.ts); which failures it is asked about, and what its answer means for
// the recipient, is src/delivery/round's.

import type { Wait } from "../../system/time.ts";

/** What is run of the machine. */
export interface ErrorCommandTools {
  readonly env: Readonly<Record<string, string>>;
  readonly wait: Wait;
  /** Told of what is wrong with the command. */
  readonly warn: (text: string) => void;
}

/** The command's answer. */
export interface Answer {
  readonly outcome: "sent" | "deferred" | "failed";
  readonly wantsReconnect: boolean;
}

const LIMIT_MS = 30_000;
const ANSWER_BYTES = 4_096;

/** Runs a command in /bin/sh with a failure as JSON on its stdin; what it prints decides: `sent`,
 *  `deferred` or `failed`, and `reconnect` behind it. If it fails, takes longer than 30 seconds or
 *  prints anything else the answer is null, and `warn` is told why. Never rejects. */
export async function askErrorCommand(
  command: string,
  failure: Readonly<Record<string, unknown>>,
  tools: ErrorCommandTools,
): Promise<Answer | null> {
  try {
    const text = await runCommand(command, `${JSON.stringify(failure)}\n`, tools);
    const answer = readAnswer(text);
    if (answer !== null) return answer;
    throw new Error(
      `it printed ${JSON.stringify(text.slice(0, 80))}; expected sent, deferred or failed, ` +
        "and reconnect behind it or not",
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    tools.warn(`the error_handler is passed over: ${reason}`);
    return null;
  }
}

function readAnswer(text: string): Answer | null {
  const [outcome, reconnect, ...more] = text.trim().toLowerCase().split(/\s+/);
  if (outcome !== "sent" && outcome !== "deferred" && outcome !== "failed") return null;
  if (more.length > 0 || (reconnect !== undefined && reconnect !== "reconnect")) return null;
  return { outcome, wantsReconnect: reconnect !== undefined };
}

/** What a command prints; rejects if it fails or takes too long. */
async function runCommand(
  command: string,
  input: string,
  { env, wait }: ErrorCommandTools,
): Promise<string> {
  const child = new Deno.Command("/bin/sh", {
    args: ["-c", command],
    env: { ...env },
    clearEnv: true,
    // A process group of its own, which is killed as a whole.
    detached: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const over = new AbortController();
  let isLate = false;
  const limit = wait(LIMIT_MS, over.signal).then(() => {
    if (over.signal.aborted) return;
    isLate = true;
    killGroup(child);
  });
  try {
    const [text] = await Promise.all([readSome(child.stdout), feed(child.stdin, input)]);
    // It has closed its stdout, or said too much: there is nothing more to wait for.
    if (text.length >= ANSWER_BYTES) killGroup(child);
    const { code, signal } = await child.status;
    if (isLate) throw new Error(`it ran for more than ${LIMIT_MS / 1000} seconds`);
    if (code !== 0 && text.length < ANSWER_BYTES) {
      throw new Error(
        signal === null ? `it ended with status ${code}` : `it was ended by ${signal}`,
      );
    }
    return text;
  } finally {
    over.abort();
    await limit;
  }
}

async function feed(stdin: WritableStream<Uint8Array>, input: string): Promise<void> {
  const writer = stdin.getWriter();
  // A command that does not read its input is none the worse for it.
  await writer.write(new TextEncoder().encode(input)).catch(() => {});
  await writer.close().catch(() => {});
}

async function readSome(stdout: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of stdout) {
    text += decoder.decode(piece, { stream: true });
    if (text.length >= ANSWER_BYTES) break;
  }
  return text;
}

function killGroup(child: Deno.ChildProcess): void {
  try {
    Deno.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
