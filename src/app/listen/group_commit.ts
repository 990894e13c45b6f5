// Puts the messages of many sessions into one commit: each waits for the disk, and the wait is the
// same for one message and for fifty. Between the sessions of listeners and the queue.

import { MailqError } from "../../queue/errors.ts";
import type { WholeMessage } from "../../queue/message.ts";
import type { Enqueued, Enqueuer, Stage } from "../../queue/ports/intake.ts";
import type { Timers } from "../../system/time.ts";

interface Waiting {
  readonly messages: readonly WholeMessage[];
  readonly resolve: (enqueued: Enqueued[]) => void;
  readonly reject: (error: unknown) => void;
}

interface GroupOptions {
  readonly timers: Timers;
  /** How many sessions may soon have a message, or have one here: these are worth waiting for. */
  readonly expected: () => number;
}

/** What goes into one commit, at most. */
const MAX_BYTES = 8 * 1024 * 1024;
const MAX_WAIT_MS = 3;
/** Large messages that are written at the same time: each takes some memory. */
const MAX_STAGES = 3;

/** Takes messages as its store does, many calls in one commit. If that fails each call is tried by
 *  itself: one that cannot be stored is nobody else's misfortune. */
export class GroupCommit implements Enqueuer {
  #waiting: Waiting[] = [];
  #bytes = 0;
  #cancel: (() => void) | null = null;
  #isCommitting = false;
  /** How long a commit took lately. */
  #commitMs = 0;
  #stages = 0;
  readonly #stageQueue: (() => void)[] = [];

  constructor(readonly store: Enqueuer, readonly options: GroupOptions) {}

  enqueue(messages: readonly WholeMessage[]): Promise<Enqueued[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ messages, resolve, reject });
      for (const { content } of messages) this.#bytes += content.length;
      this.#schedule();
    });
  }

  /** As the store's; it is to be committed or aborted. */
  async stage(): Promise<Stage> {
    if (this.#stages >= MAX_STAGES) {
      await new Promise<void>((resolve) => this.#stageQueue.push(resolve));
    }
    this.#stages++;
    try {
      return this.#released(await this.store.stage());
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  #released(stage: Stage): Stage {
    let isOver = false;
    const ending = async <T>(end: Promise<T>): Promise<T> => {
      try {
        return await end;
      } finally {
        if (!isOver) this.#release();
        isOver = true;
      }
    };
    return {
      add: (messages) => stage.add(messages),
      addLarge: (message, pieces, facts) => stage.addLarge(message, pieces, facts),
      commit: () => ending(stage.commit()),
      abort: () => ending(stage.abort()),
    };
  }

  #release(): void {
    this.#stages--;
    this.#stageQueue.shift()?.();
  }

  /** Those that have their message ready at this moment go along in any case; others are waited for
   *  only as long as it takes less time than a commit of their own. */
  #schedule(): void {
    if (this.#isCommitting) return;
    const isWorthWaiting = this.#waiting.length < this.options.expected() &&
      this.#bytes < MAX_BYTES;
    if (isWorthWaiting && this.#cancel !== null) return;
    const waitMs = isWorthWaiting ? Math.min(MAX_WAIT_MS, this.#commitMs / 2) : 0;
    this.#cancel?.();
    this.#cancel = this.options.timers.after(waitMs, () => {
      this.#cancel = null;
      void this.#commit();
    });
  }

  async #commit(): Promise<void> {
    this.#isCommitting = true;
    const group = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    const { timers } = this.options;
    const from = timers.now();
    await this.#store(group);
    this.#commitMs = (3 * this.#commitMs + timers.now() - from) / 4;
    this.#isCommitting = false;
    if (this.#waiting.length > 0) this.#schedule();
  }

  async #store(group: readonly Waiting[]): Promise<void> {
    try {
      const enqueued = await this.store.enqueue(group.flatMap(({ messages }) => messages));
      let at = 0;
      for (const { messages, resolve } of group) {
        resolve(enqueued.slice(at, at += messages.length));
      }
    } catch (error) {
      const [only] = group;
      const isBusy = error instanceof MailqError && error.code === "busy";
      if (group.length === 1 && only !== undefined) only.reject(error);
      else if (isBusy) { for (const one of group) one.reject(error); }
      else for (const one of group) await this.#store([one]);
    }
  }
}
