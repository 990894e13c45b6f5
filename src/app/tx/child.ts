// A command that is run in our place: on our own standard streams, with signals passed on to it,
// and ended as it ends. Used for `mailq tx`; what its mail comes to is batch.ts's.

import { errorText, MailqError } from "../../queue/errors.ts";
import { sendSignal } from "../../system/shell.ts";
import { wait } from "../../system/time.ts";

/** How a command came to its end. */
export interface ChildEnd {
  /** What a shell makes of it: 128 and the number of the signal that killed it. */
  readonly status: number;
  readonly signal: Deno.Signal | null;
}

/** Signals that are passed on. */
const PASSED_ON: readonly Deno.Signal[] = ["SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP"];
/** Those of the keyboard: a terminal sends them to the command as well, and twice is not once. */
const FROM_KEYBOARD: readonly Deno.Signal[] = ["SIGINT", "SIGQUIT"];
/** Dying by one of these tells a shell to end its loop; the others would leave a core. */
const DIED_BY: readonly Deno.Signal[] = ["SIGINT", "SIGTERM", "SIGHUP"];

const DYING_MS = 2_000;

/** A command that runs on our own stdin, stdout and stderr. Until this is disposed of, none of the
 *  signals that are passed on to it ends our own process. */
export class ChildCommand implements Disposable {
  /** Rejects with `command_not_found` or `command_not_executable` if it could not be started. */
  readonly end: Promise<ChildEnd>;
  readonly #listeners: readonly (readonly [Deno.Signal, () => void])[];

  constructor(
    words: readonly string[],
    env: Readonly<Record<string, string>>,
    isAtTerminal: boolean,
  ) {
    let child: Deno.ChildProcess | null = null;
    this.#listeners = PASSED_ON.map((signal) => {
      const isSentAnyway = isAtTerminal && FROM_KEYBOARD.includes(signal);
      return [signal, () => isSentAnyway || child === null ? undefined : sendSignal(child, signal)];
    });
    for (const [signal, listener] of this.#listeners) Deno.addSignalListener(signal, listener);
    try {
      child = spawn(words, env);
      this.end = child.status.then(({ code, signal }) => ({ status: code, signal }));
    } catch (error) {
      this.end = Promise.reject(notStarted(words[0] ?? "", error));
    }
  }

  [Symbol.dispose](): void {
    for (const [signal, listener] of this.#listeners) Deno.removeSignalListener(signal, listener);
  }
}

/** Ends this process as its command ended if that was by a signal that a user sends; else
 *  returns. */
export async function dieAs({ signal }: ChildEnd): Promise<void> {
  if (signal === null || !DIED_BY.includes(signal)) return;
  Deno.kill(Deno.pid, signal);
  // A signal that was listened for once is acted on by a thread of Deno's, a moment later.
  await wait(DYING_MS);
}

function spawn(
  [name = "", ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
): Deno.ChildProcess {
  return new Deno.Command(name, {
    args,
    env: { ...env },
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
}

function notStarted(name: string, error: unknown): MailqError {
  const cannot = `Cannot run ${JSON.stringify(name)}`;
  return error instanceof Deno.errors.NotFound
    ? new MailqError("command_not_found", `${cannot}: there is no such command`, { cause: error })
    : new MailqError(
      "command_not_executable",
      `${cannot}: ${
        error instanceof Deno.errors.PermissionDenied ? "permission denied" : errorText(error)
      }`,
      { cause: error },
    );
}
