// Takes drops in beside the service, as soon as they are there. Called by `mailq run`, whose rounds
// the commit wakes as another process's would; the taking in is take_in.ts's.

import type { Settings } from "../../config/settings.ts";
import { errorText } from "../../queue/errors.ts";
import type { Store } from "../../queue/ports/store.ts";
import { dropFolder } from "../../store/drop/names.ts";
import { DropOpener } from "../../store/drop/opener.ts";
import { lookAt } from "../../system/files.ts";
import type { App } from "../app.ts";
import { type DropsApp, importDrops } from "./take_in.ts";

/** How often what lies there is looked at, should the folder not have changed. */
const POLL_MS = 1_000;
/** How often it is seen whether the folder has changed. The system is not asked to tell: Deno opens
 *  what a watch tells of, and a pipe that anybody makes there would end every watch of the service. */
const SEE_MS = 100;

/** What watching for drops needs. */
type DropWatchApp = DropsApp & Pick<App, "openQueue" | "closeQueue" | "wait">;

/** Imports drops beside the service, which the commit wakes as another process's would. */
export class DropWatch implements AsyncDisposable {
  readonly #queue: string;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #store: Store | null = null;
  readonly #opener = new DropOpener();
  #told = "";

  /** `beside`: the file beside which the folder lies. */
  constructor(readonly app: DropWatchApp, readonly settings: () => Settings, beside: string) {
    this.#queue = beside;
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const before = this.#lastChange();
      await this.#import();
      for (let ms = 0; ms < POLL_MS && !signal.aborted; ms += SEE_MS) {
        await this.app.wait(SEE_MS, signal);
        if (this.#lastChange() !== before) break;
      }
    }
  }

  /** When anything last came into the folder or left it; null while there is none. */
  #lastChange(): number | null {
    try {
      return lookAt(dropFolder(this.#queue))?.mtime?.getTime() ?? null;
    } catch {
      // The look at what lies there says why.
      return null;
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

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.#opener[Symbol.dispose]();
    if (this.#store !== null) await this.app.closeQueue(this.#store);
  }
}
