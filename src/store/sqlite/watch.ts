import type { Connection } from "./connection.ts";
import { wakePath } from "./wake.ts";

/** How often the queue is asked whether another process has written to it: the safety net under
 *  the wake file, which a foreign program does not touch. */
const POLL_MS = 1_000;

/** Waits for other processes' commits. */
export class Watch {
  #version: number;
  #watcher: Deno.FsWatcher | null = null;
  #isTouched = false;
  #onTouched = () => {};

  constructor(readonly db: Connection) {
    this.#version = this.#dataVersion();
    if (!db.isInMemory) void this.#watch();
  }

  /** Resolves once another connection has committed since the last call, or at `signal`. */
  async changed(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#isTouched && !this.#hasNewVersion()) {
      await new Promise<void>((resolve) => {
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
    this.#isTouched = false;
    this.#version = this.#dataVersion();
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = null;
  }

  #hasNewVersion(): boolean {
    return this.#dataVersion() !== this.#version;
  }

  /** Changes when another connection has committed. */
  #dataVersion(): number {
    return Number(this.db.get("PRAGMA data_version")?.data_version);
  }

  async #watch(): Promise<void> {
    const path = wakePath(this.db);
    // It grows by a byte a wake; whoever begins to wait empties it.
    Deno.writeFileSync(path, new Uint8Array(0), { create: true, mode: 0o622 });
    this.#watcher = Deno.watchFs(path);
    for await (const event of this.#watcher) {
      if (event.kind !== "modify" && event.kind !== "any") continue;
      this.#isTouched = true;
      this.#onTouched();
    }
  }
}
