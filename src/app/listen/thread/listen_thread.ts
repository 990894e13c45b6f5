// The listeners as the service sees them: in a thread of their own, so that neither a commit of
// theirs nor a TLS handshake holds up what is being sent, and the other way round. Called by `run`;
// the thread's side is in_thread.ts.

import { errorFromThread } from "../../../queue/errors.ts";
import { Thread } from "../../../system/thread.ts";
import type { Tell } from "../../app.ts";
import type { ListenAnswer, ListenOpening, ListenQuestion } from "./in_thread.ts";

/** Listeners in a thread, from their start to their end. */
export class ListenThread implements AsyncDisposable {
  readonly #thread = new Thread<ListenQuestion, ListenAnswer>(
    import.meta.resolve("./in_thread.ts"),
    errorFromThread,
  );
  /** Rejects if the thread fails; otherwise it never settles. */
  readonly failure: Promise<never>;
  #isClosed = false;

  private constructor(readonly tell: Tell) {
    this.failure = this.#hear();
    this.failure.catch(() => {});
  }

  /** Opens the listeners. Throws as Listeners.open does. */
  static async start(tell: Tell, opening: Omit<ListenOpening, "kind">): Promise<ListenThread> {
    const thread = new ListenThread(tell);
    try {
      await thread.#thread.ask({ kind: "open", ...opening });
      return thread;
    } catch (error) {
      thread.#isClosed = true;
      thread.#thread.end(error);
      throw error;
    }
  }

  /** Has the thread read the settings anew. Where it throws, all stays as it was. */
  async reload(): Promise<void> {
    await this.#thread.ask({ kind: "reload" });
  }

  /** Passes on what the thread tells. */
  async #hear(): Promise<never> {
    for (;;) {
      let told: ListenAnswer;
      try {
        told = await this.#thread.ask({ kind: "hear" });
      } catch (error) {
        // It was ended, by whoever closed it.
        if (this.#isClosed) return await new Promise<never>(() => {});
        throw error;
      }
      for (const one of told ?? []) {
        if (one.kind === "event") this.tell.event(one.event);
        else this.tell[one.kind](one.text);
      }
    }
  }

  /** Closes the listeners; whoever waits for an answer gets it. */
  async [Symbol.asyncDispose](): Promise<void> {
    // One that has failed has nothing to close.
    await this.#thread.ask({ kind: "close" }).catch(() => {});
    this.#isClosed = true;
    this.#thread.end(new Error("the listeners are closed"));
  }
}
