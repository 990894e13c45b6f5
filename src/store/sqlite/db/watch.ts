import { giveToOwnerOf, makeFile } from "../../../system/files.ts";
import type { Connection } from "./connection.ts";
import { hasDeadWorker } from "../claims/take_over.ts";
import { wakePath } from "./wake.ts";

/** How often the queue is asked what the wake file does not tell: whether a program that knows of
 *  no such file has written to it, and whether a worker has died. */
const POLL_MS = 1_000;

/** Waits for what other processes do. */
export class Watch {
  #version: number;
  #watcher: Deno.FsWatcher | null = null;
  #isTouched = false;
  #onTouched = () => {};

  constructor(readonly db: Connection) {
    this.#version = this.#dataVersion();
    if (!db.isInMemory) this.#watchFile();
  }

  /** Resolves once another connection has committed since the last call ended (at first: since
   *  the watch began), a worker has died, or at `signal`. */
  async changed(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#isTouched && !await this.#hasNews()) {
      await this.#nextLook(signal);
    }
    this.#isTouched = false;
    this.#version = this.#dataVersion();
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = null;
  }

  async #hasNews(): Promise<boolean> {
    return this.#dataVersion() !== this.#version || await hasDeadWorker(this.db);
  }

  #nextLook(signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#isTouched) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        this.#onTouched = () => {};
        resolve();
      };
      const timer = setTimeout(end, POLL_MS);
      signal.addEventListener("abort", end);
      this.#onTouched = end;
    });
  }

  /** Changes when another connection has committed. */
  #dataVersion(): number {
    return Number(this.db.get("PRAGMA data_version")?.data_version);
  }

  #watchFile(): void {
    const path = wakePath(this.db);
    try {
      makeWakeFile(path, this.db.file);
      this.#watcher = Deno.watchFs(path);
    } catch {
      // Another user's file, a full disk, no watch left to be had: the poll is enough.
      return;
    }
    void this.#follow(this.#watcher);
  }

  async #follow(watcher: Deno.FsWatcher): Promise<void> {
    try {
      for await (const { kind } of watcher) {
        if (kind === "access") continue;
        this.#isTouched = true;
        this.#onTouched();
      }
    } catch {
      // The poll goes on.
    }
  }
}

/** Makes the wake file if it is not there, the owner of the queue's if root makes it. */
function makeWakeFile(path: string, queue: string): void {
  const file = makeFile(path);
  if (file === null) return;
  file.close();
  giveToOwnerOf(queue, path);
}
