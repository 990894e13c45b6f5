// Takes mail from SQL in beside the service, as soon as it is committed. Called by `mailq run`, whose
// rounds the commit wakes as another process's would; the taking in is take_in.ts's.

import type { Settings } from "../../config/settings.ts";
import { errorText } from "../../queue/errors.ts";
import type { Store } from "../../queue/ports/store.ts";
import type { App } from "../app.ts";
import { type InboxApp, takeInbox } from "./take_in.ts";

/** Where something went wrong it is tried again after so long. */
const RETRY_MS = 1_000;
/** Where another process is at it, it is looked at again after so long. */
const LOOK_MS = 20;

/** What watching takes of the program. */
export type WatchApp = InboxApp & Pick<App, "openQueue" | "closeQueue" | "wait">;

/** Takes mail in as it comes, until disposed of. */
export class InboxWatch implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #store: Store | null = null;
  #told = "";

  constructor(readonly app: WatchApp, readonly settings: () => Settings) {
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const { inbox } = await this.#open();
        if (inbox === undefined) return;
        await takeInbox(this.app, this.settings(), inbox);
        this.#told = "";
        await this.app.wait(LOOK_MS, signal);
        await inbox.changed(signal);
      } catch (error) {
        // A database that is away, say: told once, and waited out.
        const text = errorText(error);
        if (text !== this.#told) {
          this.app.tell.warn(`mail from SQL has to wait: ${text}; trying again`);
        }
        this.#told = text;
        await this.app.wait(RETRY_MS, signal);
      }
    }
  }

  async #open(): Promise<Store> {
    return this.#store ??= await this.app.openQueue(this.settings(), {
      create: false,
      isWorker: true,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    if (this.#store !== null) await this.app.closeQueue(this.#store);
  }
}
