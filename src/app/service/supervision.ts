// What goes on beside the service as long as it runs: its service manager is told (manager.ts), and as
// process 1 of a container it reaps. Begun by `mailq run` once the queue is open.

import { reapOrphans } from "../../system/service/reaper.ts";
import type { App } from "../app.ts";
import { ServiceManager } from "./manager.ts";

export class Supervision implements AsyncDisposable {
  readonly #over = new AbortController();
  readonly #manager: ServiceManager;
  readonly #tasks: readonly Promise<void>[];

  /** `what`: what the service does, in a line. */
  constructor({ env, wait, stopSignal }: Pick<App, "env" | "wait" | "stopSignal">, what: string) {
    const manager = this.#manager = new ServiceManager({
      env,
      wait,
      elapsed: () => performance.now(),
    });
    const { signal } = this.#over;
    manager.ready(what);
    stopSignal().addEventListener("abort", () => manager.stopping(), { once: true });
    this.#tasks = [
      manager.watch(signal),
      ...Deno.pid === 1 ? [reapOrphans(wait, signal)] : [],
    ];
  }

  /** The service has gone on, and will again within `ms`. */
  noteProgress(ms: number): void {
    this.#manager.noteProgress(ms);
  }

  /** What hinders the service, in a line. */
  noteTrouble(text: string): void {
    this.#manager.status(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await Promise.all(this.#tasks);
  }
}
