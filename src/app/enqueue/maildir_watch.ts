// Waits for what comes into a Maildir and has it taken in, until the process is told to stop.
// Called by maildir.ts, which does the taking.

import type { Maildir } from "../../intake/sources/maildir.ts";
import { MailqError } from "../../queue/errors.ts";
import { FileWatch } from "../../system/file_watch.ts";
import type { App } from "../app.ts";

/** How often the folders' times are looked at, for where no event comes. */
const POLL_MS = 1_000;
/** How often the folders are read whatever their times say: marks of dead processes grow stale. */
const SCAN_EVERY_MS = 60_000;
const LONGEST_PAUSE_MS = 30_000;

/** Takes what comes into a Maildir until the process is told to stop; what is in hand then is
 *  finished. Trouble that passes by itself (a full disk, a busy queue, a folder that cannot be read)
 *  is told once and outlasted; any other ends it. */
export async function watchMaildir(
  app: Pick<App, "clock" | "tell" | "stopSignal" | "wait">,
  maildir: Maildir,
  taker: { takeSome(): Promise<void> },
): Promise<void> {
  const { tell } = app;
  const signal = app.stopSignal();
  using changes = new FolderChanges(app, maildir);
  tell.detail(`taking mail from ${maildir.path}`);
  let told = "";
  let pauseMs = POLL_MS;
  while (!signal.aborted) {
    changes.note();
    try {
      await taker.takeSome();
      told = "";
      pauseMs = POLL_MS;
    } catch (error) {
      if (!isPassing(error)) throw error;
      if (error.message !== told) tell.warn(`${error.message}; trying again`);
      told = error.message;
      await app.wait(pauseMs, signal);
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
      continue;
    }
    await changes.next(signal);
  }
}

function isPassing(error: unknown): error is MailqError {
  return error instanceof MailqError &&
    ["busy", "disk_full", "io_error", "input_unreadable"].includes(error.code);
}

/** Tells when there is something new in a Maildir. */
class FolderChanges implements Disposable {
  readonly #touches: FileWatch;
  #stamp: string | null = null;
  #notedAt = 0;

  constructor(readonly app: Pick<App, "clock" | "wait">, readonly maildir: Maildir) {
    // Our own taking away brings nothing new.
    this.#touches = new FileWatch({ wait: app.wait, ignored: ["remove"] });
    // Where the system has no watch left to give, the folders' times are enough.
    this.#touches.watch(`${maildir.path}/new`, `${maildir.path}/cur`);
  }

  /** What is to be compared with: to be called before the folders are read. */
  note(): void {
    this.#touches.clear();
    this.#stamp = this.maildir.stamp();
    this.#notedAt = this.app.clock.now();
  }

  /** Resolves once something may have come since `note`, or `signal` is aborted. */
  async next(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#touches.isTouched) {
      await this.#touches.next(POLL_MS, signal);
      const sinceMs = this.app.clock.now() - this.#notedAt;
      if (sinceMs >= SCAN_EVERY_MS || sinceMs < 0 || this.#mayHaveChanged()) return;
    }
  }

  #mayHaveChanged(): boolean {
    const stamp = this.maildir.stamp();
    if (stamp === null || stamp !== this.#stamp) return true;
    // A file that came in the very moment that was noted leaves the time as it was.
    return stamp.split(",").some((time) => Number(time) >= this.#notedAt - 10);
  }

  [Symbol.dispose](): void {
    this.#touches[Symbol.dispose]();
  }
}
