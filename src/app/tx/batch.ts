// Runs a command whose mail is queued if it exits 0 and dropped if it does not (`mailq tx`). Called
// by the command line, which says what came of it and sends what is urgent. How the command itself
// is run, and signals passed on, is child.ts's.

import type { Settings } from "../../config/settings.ts";
import { errorText, MailqError } from "../../queue/errors.ts";
import type { BatchEnd, OpenBatch } from "../../queue/ports/intake.ts";
import type { Store } from "../../queue/ports/store.ts";
import { isOnPostgres, queuePath } from "../../store/open.ts";
import type { App, Tell } from "../app.ts";
import { ChildCommand, type ChildEnd } from "./child.ts";

/** The command of a batch. */
interface BatchCommand {
  /** Its name and its arguments. */
  readonly words: readonly string[];
  /** Variables for it, beside those of this process. */
  readonly env: Readonly<Record<string, string>>;
  /** Our standard input is a terminal, which sends the signals of its keyboard to the command by
   *  itself. */
  readonly isAtTerminal: boolean;
}

/** What came of a batch. */
interface BatchResult {
  readonly end: ChildEnd;
  /** Null if the command failed: nothing of it was kept. */
  readonly queued: BatchEnd | null;
  /** The open queue. */
  readonly queue: Store;
}

/** Runs a command with an open batch that it and its children add to; within another `mailq tx` the
 *  batch becomes a part of that one's. Throws `batch_ended` if that is over, what `ChildCommand`
 *  throws, and the errors of the queue; nothing was queued then. From the first call on a signal
 *  does not end this process: what the command outlives must not cut off what follows. */
export async function runBatch(
  app: Pick<App, "env" | "tell" | "openQueue" | "stopSignal">,
  settings: Settings,
  command: BatchCommand,
): Promise<BatchResult> {
  const within = app.env.MAILQ_TX || null;
  const queue = await app.openQueue(settings, { create: within === null });
  const batch = await queue.openBatch(within);
  const env = {
    ...command.env,
    MAILQ_TX: batch.token,
    // It holds for the command as well, wherever it goes.
    MAILQ_QUEUE: isOnPostgres(settings.queue)
      ? settings.queue
      : Deno.realPathSync(queuePath(settings.queue)),
  };
  app.stopSignal();
  using child = new ChildCommand(command.words, env, command.isAtTerminal);
  let end: ChildEnd;
  try {
    end = await child.end;
  } catch (error) {
    await drop(app.tell, batch);
    throw error;
  }
  if (end.status === 0) return { end, queued: await commit(batch), queue };
  await drop(app.tell, batch);
  return { end, queued: null, queue };
}

/** Queues what the command brought, or throws; then nothing of it is queued. */
async function commit(batch: OpenBatch): Promise<BatchEnd> {
  try {
    return await batch.commit();
  } catch (error) {
    // It shows nowhere; what cannot be swept now is swept by the next sender.
    await batch.abort().catch(() => {});
    if (!(error instanceof MailqError)) throw error;
    const text = `${error.message}; nothing that the command queued was kept`;
    throw new MailqError(error.code, text, { cause: error });
  }
}

async function drop(tell: Pick<Tell, "warn">, batch: OpenBatch): Promise<void> {
  try {
    await batch.abort();
  } catch (error) {
    tell.warn(`dropped, but not swept yet: ${errorText(error)}`);
  }
}
