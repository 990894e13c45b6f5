// Takes drops in beside the service, as soon as they are there. Called by `mailq run`, whose rounds
// the commit wakes as another process's would; the taking in is take_in.ts's.

import type { Settings } from "../../config/settings.ts";
import { errorText } from "../../queue/errors.ts";
import type { Store } from "../../queue/ports/store.ts";
import { usableDropFolder } from "../../store/drop/names.ts";
import { DropOpener } from "../../store/drop/opener.ts";
import { queuePath } from "../../store/open.ts";
import { FileWatch } from "../../system/file_watch.ts";
import type { App } from "../app.ts";
import { type DropsApp, importDrops } from "./take_in.ts";

/** How often the folder is looked at, should its watch have told nothing. */
const POLL_MS = 1_000;

/** What watching for drops needs. */
type DropWatchApp = DropsApp & Pick<App, "openQueue" | "closeQueue" | "wait">;

/** Imports drops beside the service, which the commit wakes as another process's would. */
export class DropWatch implements AsyncDisposable {
  readonly #queue: string;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #store: Store | null = null;
  readonly #touches: FileWatch;
  readonly #opener = new DropOpener();
  #told = "";

  constructor(readonly app: DropWatchApp, readonly settings: () => Settings) {
    this.#queue = queuePath(settings().queue);
    this.#touches = new FileWatch(app);
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#watch();
      this.#touches.clear();
      await this.#import();
      await this.#touches.next(POLL_MS, signal);
    }
  }

  async #import(): Promise<void> {
    try {
      await importDrops(this.app, this.settings(), this.#opener, () => this.#open());
      this.#told = "";
    } catch (error) {
      // A full disk, say: told once, and waited out.
      const text = errorText(error);
      if (text !== this.#told) {
        this.app.tell.warn(`mail in the drop folder has to wait: ${text}; trying again`);
      }
      this.#told = text;
    }
  }

  async #open(): Promise<Store> {
    const options = { create: false, isWorker: true };
    return this.#store ??= await this.app.openQueue(this.settings(), options);
  }

  /** Begins to watch as soon as there is a folder. */
  #watch(): void {
    try {
      const folder = this.#touches.isWatching ? null : usableDropFolder(this.#queue);
      if (folder !== null) this.#touches.watch(folder);
    } catch {
      // The look at what lies there says why.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#touches[Symbol.dispose]();
    await this.#running;
    this.#opener[Symbol.dispose]();
    if (this.#store !== null) await this.app.closeQueue(this.#store);
  }
}
