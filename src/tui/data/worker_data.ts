// The screen's questions asked of a thread, which has the queue open. Called by start.ts; the other
// side is data_worker.ts, and what goes between them is in worker_protocol.ts.

import type { MessageDetail } from "../../queue/message.ts";
import type { EnvelopeChanges } from "../../queue/ports/operator.ts";
import type { Filter } from "../../queue/filter.ts";
import type { QueueStatus } from "../../queue/status.ts";
import type { QueueStats } from "../../queue/stats.ts";
import type {
  ActionOutcome,
  Data,
  MessageWindow,
  ShownContent,
  Verb,
  WindowRequest,
} from "./data.ts";
import { type Answer, errorOf, type Opening, type Question } from "./worker_protocol.ts";

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The queue, opened by a thread of its own. */
export class WorkerData implements Data {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #n = 0;
  #isClosed = false;

  private constructor() {
    this.#worker = new Worker(import.meta.resolve("./data_worker.ts"), { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<Answer>) => this.#answered(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(new Error(event.message));
    };
  }

  /** Throws what opening a queue throws. */
  static async open(opening: Opening): Promise<WorkerData> {
    const data = new WorkerData();
    try {
      await data.#ask("open", opening);
    } catch (error) {
      data.#worker.terminate();
      throw error;
    }
    return data;
  }

  #ask<T>(method: string, ...args: readonly unknown[]): Promise<T> {
    if (this.#isClosed) return Promise.reject(new Error("the queue is closed"));
    const n = ++this.#n;
    const question: Question = { n, method, args };
    return new Promise<T>((resolve, reject) => {
      // The other half (data_worker.ts) answers with what the method of this name returns.
      this.#waiting.set(n, { resolve: (value) => resolve(value as T), reject });
      this.#worker.postMessage(question);
    });
  }

  #answered({ n, value, error }: Answer): void {
    const waiting = this.#waiting.get(n);
    this.#waiting.delete(n);
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(errorOf(error));
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  window(request: WindowRequest): Promise<MessageWindow> {
    return this.#ask("window", request);
  }

  count(filter: Filter): Promise<number> {
    return this.#ask("count", filter);
  }

  status(): Promise<QueueStatus> {
    return this.#ask("status");
  }

  stats(): Promise<QueueStats> {
    return this.#ask("stats");
  }

  detail(id: string): Promise<MessageDetail | null> {
    return this.#ask("detail", id);
  }

  content(id: string): Promise<ShownContent> {
    return this.#ask("content", id);
  }

  async *raw(id: string): AsyncIterable<Uint8Array> {
    const begun = this.#ask("raw", id);
    const n = this.#n;
    await begun;
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

  act(verb: Verb, filter: Filter): Promise<ActionOutcome> {
    return this.#ask("act", verb, filter);
  }

  resendChanged(id: string, changes: EnvelopeChanges): Promise<string> {
    return this.#ask("resendChanged", id, changes);
  }

  setPaused(isPaused: boolean): Promise<void> {
    return this.#ask("setPaused", isPaused);
  }

  async changed(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = () => resolve();
    signal.addEventListener("abort", end);
    try {
      await Promise.race([this.#ask("changed"), promise]);
    } finally {
      signal.removeEventListener("abort", end);
    }
  }

  /** Does not wait for a statement that is still at work: what it writes is whole or not there. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    const closed = this.#ask("close").catch(() => {});
    this.#isClosed = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, 1_000);
    await Promise.race([closed, promise]);
    clearTimeout(timer);
    this.#worker.terminate();
    this.#fail(new Error("the queue is closed"));
  }
}
