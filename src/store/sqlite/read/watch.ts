// Tells a service, or a screen, that another process has changed the queue. Commits touch the wake
// file (wake.ts); what that does not tell is found by looking once a second.

import { makeFile } from "../../../system/files.ts";
import { giveToOwnerOf } from "../../../system/handles.ts";
import type { Connection } from "../db/connection.ts";
import { hasDeadWorker } from "../claims/take_over.ts";
import { wakePath } from "../db/wake.ts";
import { FileWatch } from "../../../system/file_watch.ts";
import { wait } from "../../../system/time.ts";

/** How often the queue is asked what the wake file does not tell: whether a program that knows of
 *  no such file has written to it, and whether a worker has died. */
const POLL_MS = 1_000;

/** Waits for what other processes do to the queue. */
export class Watch {
  #version: number;
  readonly #wakes = new FileWatch({ wait });

  constructor(readonly db: Connection) {
    this.#version = this.#dataVersion();
    if (!db.isInMemory) this.#watchFile();
  }

  /** Resolves once another connection has committed since the last call ended (at first: since
   *  the watch began), a worker has died, or at `signal`. */
  async changed(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#wakes.isTouched && !await this.#hasNews()) {
      await this.#wakes.next(POLL_MS, signal);
    }
    this.#wakes.clear();
    this.#version = this.#dataVersion();
  }

  close(): void {
    this.#wakes[Symbol.dispose]();
  }

  async #hasNews(): Promise<boolean> {
    return this.#dataVersion() !== this.#version || await hasDeadWorker(this.db);
  }

  /** Changes when another connection has committed. */
  #dataVersion(): number {
    return Number(this.db.get("PRAGMA data_version")?.data_version);
  }

  #watchFile(): void {
    const path = wakePath(this.db);
    try {
      makeWakeFile(path, this.db.file);
    } catch {
      // Another user's file, or a full disk: the poll is enough.
      return;
    }
    this.#wakes.watch(path);
  }
}

/** Makes the wake file if it is not there, the owner of the queue's if root makes it. */
function makeWakeFile(path: string, queue: string): void {
  const file = makeFile(path);
  if (file === null) return;
  try {
    giveToOwnerOf(queue, file);
  } finally {
    file.close();
  }
}
