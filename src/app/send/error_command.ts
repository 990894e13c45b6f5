// Runs the command of the setting `error_handler` for one failure and reads its answer. Called
// through the options of a pass (pass.ts); which failures it is asked about, and what its answer
// means for the recipient, is src/delivery/round's.

import { askShell } from "../../system/shell.ts";
import type { Wait } from "../../system/time.ts";

/** What is run of the machine. */
interface ErrorCommandTools {
  readonly env: Readonly<Record<string, string>>;
  readonly wait: Wait;
  /** Told of what is wrong with the command. */
  readonly warn: (text: string) => void;
}

/** The command's answer. */
interface Answer {
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
  const call = { env, input, isGroup: true, limitMs: LIMIT_MS, maxBytes: ANSWER_BYTES, wait };
  const { text, code, signal, isLate, isCut } = await askShell(command, call);
  if (isLate) throw new Error(`it ran for more than ${LIMIT_MS / 1000} seconds`);
  if (code !== 0 && !isCut) {
    throw new Error(
      signal === null ? `it ended with status ${code}` : `it was ended by ${signal}`,
    );
  }
  return text;
}
