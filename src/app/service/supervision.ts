// What goes on beside the service as long as it runs: its service manager is told (manager.ts), and as
// process 1 of a container it reaps. Begun by `mailq run` once the queue is open.

import { reapOrphans } from "../../system/service/reaper.ts";
import type { App } from "../app.ts";
import { ServiceManager } from "./manager.ts";

export class Supervision implements AsyncDisposable {
  readonly #over = new AbortController();
  readonly #manager: ServiceManager;
  readonly #tasks: readonly Promise<void>[];
  readonly #what: string;
  #trouble: string | null = null;
  #isStopping = false;

  /** `what`: what the service does, in a line. */
  constructor({ env, wait, stopSignal }: Pick<App, "env" | "wait" | "stopSignal">, what: string) {
    this.#what = what;
    const manager = this.#manager = new ServiceManager({
      env,
      wait,
      elapsed: () => performance.now(),
    });
    const { signal } = this.#over;
    manager.ready(what);
    stopSignal().addEventListener("abort", () => {
      this.#isStopping = true;
      manager.stopping();
    }, { once: true });
    this.#tasks = [
      manager.watch(signal),
      ...Deno.pid === 1 ? [reapOrphans(wait, signal)] : [],
    ];
  }

  /** The service has gone on, and will again within `ms`. */
  noteProgress(ms: number): void {
    this.#manager.noteProgress(ms);
  }

  /** What hinders the service, in a line; null once a round has ended well. */
  noteTrouble(text: string | null): void {
    if (text === this.#trouble) return;
    this.#trouble = text;
    this.#manager.status(text ?? this.#what);
  }

  /** Why the service is not to be relied on now; empty if it is. */
  get troubles(): string[] {
    return [
      ...this.#isStopping ? ["it is told to stop"] : [],
      ...this.#manager.isStuck ? ["it does not go round any more"] : [],
      ...this.#trouble === null ? [] : [this.#trouble],
    ];
  }

  get isStuck(): boolean {
    return this.#manager.isStuck;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await Promise.all(this.#tasks);
  }
}
