// The queue that is open in the screen's thread, for as long as its file is the one that was opened.
// Called by data_worker.ts. A backup that is put in the queue's place is opened anew, so that nothing
// is shown of, or written to, a file that has no name any more.

import { MailqError } from "../../queue/errors.ts";
import { isSame, lookAt } from "../../system/files.ts";
import { wait } from "../../system/time.ts";
import type { Change } from "./data.ts";
import type { StoreData } from "./store_data.ts";

/** How often the file is looked at. */
const LOOK_MS = 1_000;

interface OpenedQueueOptions {
  /** The file's path; null for a queue that is none. */
  readonly path: string | null;
  readonly open: () => Promise<StoreData>;
}

export class OpenedQueue {
  #data: StoreData;
  #file: Deno.FileInfo | null;
  /** It was opened anew since that was told. */
  #isAnew = false;
  /** Its file was told to be gone. */
  #isGone = false;

  private constructor(readonly options: OpenedQueueOptions, data: StoreData) {
    this.#data = data;
    this.#file = this.#look();
  }

  static async open(options: OpenedQueueOptions): Promise<OpenedQueue> {
    return new OpenedQueue(options, await options.open());
  }

  #look(): Deno.FileInfo | null {
    return this.options.path === null ? null : lookAt(this.options.path);
  }

  #state(): "same" | "replaced" | "gone" {
    if (this.#file === null) return "same";
    const file = this.#look();
    return file === null ? "gone" : isSame(file, this.#file) ? "same" : "replaced";
  }

  /** The queue to ask. Throws `input_unreadable` while there is no file by its name. */
  async data(): Promise<StoreData> {
    const state = this.#state();
    if (state === "gone") {
      throw new MailqError("input_unreadable", `The queue's file ${this.options.path} is gone`);
    }
    if (state === "replaced") await this.#reopen();
    return this.#data;
  }

  /** The queue to write to. Throws `busy` where it is another than the screen has shown. */
  async writable(): Promise<StoreData> {
    const data = await this.data();
    if (!this.#isAnew) return data;
    throw new MailqError(
      "busy",
      "Another file was put in the queue's place: nothing was done. Look at it, and say it again",
    );
  }

  async #reopen(): Promise<void> {
    const before = this.#data;
    this.#data = await this.options.open();
    this.#file = this.#look();
    this.#isAnew = true;
    await before.close();
  }

  /** Resolves once the queue has changed, or its file is another one or gone. */
  async changed(signal: AbortSignal): Promise<Change> {
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const change = Promise.race([
      this.#data.changed(either).then((): Change => "changed"),
      this.#fileChanged(either),
    ]);
    try {
      return await change;
    } finally {
      over.abort();
    }
  }

  async #fileChanged(signal: AbortSignal): Promise<Change> {
    while (!signal.aborted) {
      const state = this.#state();
      if (this.#isAnew || state === "replaced") {
        await this.data();
        this.#isAnew = false;
        this.#isGone = false;
        return "replaced";
      }
      if ((state === "gone") !== this.#isGone) {
        this.#isGone = state === "gone";
        return this.#isGone ? "gone" : "back";
      }
      await wait(LOOK_MS, signal);
    }
    return "changed";
  }

  async close(): Promise<void> {
    await this.#data.close();
  }
}
