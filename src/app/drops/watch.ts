import type { Settings } from "../../config/settings.ts";
import { errorText } from "../../queue/errors.ts";
import type { Store } from "../../queue/ports/store.ts";
import { usableDropFolder } from "../../store/drop/names.ts";
import { queuePath } from "../../store/open.ts";
import type { Context } from "../../cli/frame/context.ts";
import { importDrops } from "./take_in.ts";

/** How often the folder is looked at, should its watch have told nothing. */
const POLL_MS = 1_000;

/** Imports drops beside the service, which the commit wakes as another process's would. */
export class DropWatch implements AsyncDisposable {
  readonly #queue: string;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #store: Store | null = null;
  #watcher: Deno.FsWatcher | null = null;
  #isTouched = true;
  #onTouched = () => {};
  #told = "";

  constructor(readonly context: Context, readonly settings: () => Settings) {
    this.#queue = queuePath(settings().queue);
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#watch();
      this.#isTouched = false;
      await this.#import();
      await this.#nextLook(signal);
    }
  }

  async #import(): Promise<void> {
    try {
      await importDrops(this.context, this.settings(), () => this.#open());
      this.#told = "";
    } catch (error) {
      // A full disk, say: told once, and waited out.
      const text = errorText(error);
      if (text !== this.#told) {
        this.context.output.warn(`mail in the drop folder has to wait: ${text}; trying again`);
      }
      this.#told = text;
    }
  }

  async #open(): Promise<Store> {
    const { clock, random, openStore } = this.context.machine;
    return this.#store ??= await openStore(this.settings().queue, {
      create: false,
      isWorker: true,
      clock,
      random,
    });
  }

  /** Begins to watch as soon as there is a folder. */
  #watch(): void {
    const folder = this.#watcher === null ? usableDropFolder(this.#queue) : null;
    if (folder === null) return;
    try {
      this.#watcher = Deno.watchFs(folder, { recursive: false });
    } catch {
      // No watch left to be had: the poll is enough.
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

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#watcher?.close();
    await this.#running;
    await this.#store?.close();
  }
}
