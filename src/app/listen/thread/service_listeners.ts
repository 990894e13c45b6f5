// The listeners as `mailq run` has them: started with it, following its settings, ended with it. They
// work in a thread (listen_thread.ts), which is there only while the settings have anybody listen.

import type { Settings } from "../../../config/settings.ts";
import { errorText, MailqError } from "../../../queue/errors.ts";
import type { Tell } from "../../app.ts";
import type { ListenOpening } from "./in_thread.ts";
import { ListenThread } from "./listen_thread.ts";

interface ServiceListenersOptions {
  readonly tell: Tell;
  /** Told to stop: they close at once, whatever the service still has to finish. */
  readonly stopSignal: AbortSignal;
  readonly opening: Omit<ListenOpening, "kind">;
}

/** The listeners of a service, until disposed of. */
export class ServiceListeners implements AsyncDisposable {
  #thread: ListenThread | null = null;
  #closing: Promise<void> | null = null;
  readonly #failure = new AbortController();

  private constructor(readonly options: ServiceListenersOptions) {
    options.stopSignal.addEventListener("abort", () => void this.#close());
  }

  /** Starts what the settings have listening. Throws `config_invalid`, `busy` for an address in use,
   *  and `permission`. */
  static async start(
    settings: Settings,
    options: ServiceListenersOptions,
  ): Promise<ServiceListeners> {
    const listeners = new ServiceListeners(options);
    await listeners.reload(settings);
    return listeners;
  }

  /** Goes by other settings from now on. Where it throws, as `start` does, all stays as it was. */
  async reload(settings: Settings): Promise<void> {
    if (this.#closing !== null) return;
    if (this.#thread !== null) return await this.#thread.reload();
    if (!hasListeners(settings)) return;
    const { tell, opening } = this.options;
    const thread = await ListenThread.start(tell, opening);
    this.#thread = thread;
    thread.failure.catch((error) => this.#failure.abort(error));
  }

  /** Is aborted if they fail by a fault of ours: a service without its listeners must not go on as if
   *  nothing were. */
  get failed(): AbortSignal {
    return this.#failure.signal;
  }

  /** Throws `internal` if they have failed. */
  check(): void {
    if (!this.failed.aborted) return;
    const { reason } = this.failed;
    throw new MailqError("internal", `The listeners have failed: ${errorText(reason)}`, {
      cause: reason,
    });
  }

  #close(): Promise<void> {
    return this.#closing ??= this.#thread?.[Symbol.asyncDispose]() ?? Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

function hasListeners({ listen }: Settings): boolean {
  return listen !== null && (listen.smtp.length > 0 || listen.submit !== null);
}
