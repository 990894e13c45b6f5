// The screen's questions asked of a thread, which has the queue open. Called by start.ts; the other
// side is data_worker.ts, and what goes between them is in worker_protocol.ts.

import { errorFromThread } from "../../queue/errors.ts";
import { Thread } from "../../system/thread.ts";
import { wait } from "../../system/time.ts";
import type { MessageDetail } from "../../queue/message.ts";
import type { EnvelopeChanges } from "../../queue/ports/operator.ts";
import type { RateUse } from "../../queue/policy/rate.ts";
import type { TakenBack } from "../../queue/ports/undo.ts";
import type { QueueStatus } from "../../queue/status.ts";
import type { QueueChange } from "./changes.ts";
import type { QueueViewData, QueueViewName } from "./views/view_data.ts";
import type {
  ActionStep,
  Change,
  Data,
  MessageWindow,
  ScreenFilter,
  ShownContent,
  Verb,
  WindowRequest,
} from "./data.ts";
import type { Opening, Question } from "./worker_protocol.ts";

/** The queue, opened by a thread of its own. */
export class WorkerData implements Data {
  readonly #thread = new Thread<Question, unknown>(
    import.meta.resolve("./data_worker.ts"),
    errorFromThread,
  );
  #reads = 0;
  #isClosed = false;

  private constructor() {}

  /** Throws what opening a queue throws. */
  static async open(opening: Opening): Promise<WorkerData> {
    const data = new WorkerData();
    try {
      await data.#ask("open", opening);
    } catch (error) {
      data.#thread.end(error);
      throw error;
    }
    return data;
  }

  async #ask<T>(method: string, ...args: readonly unknown[]): Promise<T> {
    if (this.#isClosed) throw new Error("the queue is closed");
    // The other half (data_worker.ts) answers with what the method of this name returns.
    return await this.#thread.ask({ method, args }) as T;
  }

  window(request: WindowRequest): Promise<MessageWindow> {
    return this.#ask("window", request);
  }

  count(filter: ScreenFilter): Promise<number> {
    return this.#ask("count", filter);
  }

  status(): Promise<QueueStatus> {
    return this.#ask("status");
  }

  rateUses(): Promise<ReadonlyMap<string, RateUse>> {
    return this.#ask("rateUses");
  }

  view<Name extends QueueViewName>(name: Name, query: string): Promise<QueueViewData[Name]> {
    return this.#ask("view", name, query);
  }

  detail(id: string): Promise<MessageDetail | null> {
    return this.#ask("detail", id);
  }

  content(id: string): Promise<ShownContent> {
    return this.#ask("content", id);
  }

  attachment(id: string, place: number): Promise<Uint8Array> {
    return this.#ask("attachment", id, place);
  }

  async *raw(id: string): AsyncIterable<Uint8Array> {
    const n = ++this.#reads;
    await this.#ask("raw", n, id);
    try {
      for (;;) {
        const piece = await this.#ask<Uint8Array | null>("next", n);
        if (piece === null) return;
        yield piece;
      }
    } finally {
      await this.#ask("end", n);
    }
  }

  act(verb: Verb, filter: ScreenFilter, from: string | null): Promise<ActionStep> {
    return this.#ask("act", verb, filter, from);
  }

  undo(): Promise<TakenBack | null> {
    return this.#ask("undo");
  }

  exportTo(filter: ScreenFilter, path: string): Promise<string> {
    return this.#ask("exportTo", filter, path);
  }

  resendChanged(id: string, changes: EnvelopeChanges): Promise<string> {
    return this.#ask("resendChanged", id, changes);
  }

  change(change: QueueChange): Promise<string> {
    return this.#ask("change", change);
  }

  async changed(signal: AbortSignal): Promise<Change> {
    if (signal.aborted) return "changed";
    const { promise, resolve } = Promise.withResolvers<Change>();
    const end = () => resolve("changed");
    signal.addEventListener("abort", end);
    try {
      return await Promise.race([this.#ask<Change>("changed"), promise]);
    } finally {
      signal.removeEventListener("abort", end);
    }
  }

  /** Does not wait for a statement that is still at work: what it writes is whole or not there. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    const closed = this.#ask("close").catch(() => {});
    this.#isClosed = true;
    const over = new AbortController();
    await Promise.race([closed, wait(1_000, over.signal)]);
    over.abort();
    this.#thread.end(new Error("the queue is closed"));
  }
}
