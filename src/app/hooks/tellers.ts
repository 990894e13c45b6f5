// Tells the hooks of the settings as events happen, beside the service: each for itself, so that one
// that hangs or fails holds up no other, and no mail. `run` starts it; one hook is told by tell.ts.

import type { HookSettings } from "../../config/tables/hooks.ts";
import { errorText } from "../../queue/errors.ts";
import { type TellEnd, tellHook, type TellTools } from "./tell.ts";

/** The queue is looked at for new events so often. */
const LOOK_MS = 500;
/** After trouble with the queue it is left alone for so long. */
const TROUBLE_MS = 10_000;

export class HookTellers implements AsyncDisposable {
  #running: { readonly stop: AbortController; readonly ends: readonly Promise<void>[] } | null =
    null;
  #hooks: readonly HookSettings[] = [];

  constructor(readonly tools: TellTools) {}

  /** Tells these hooks from now on, in place of those before. */
  async replace(hooks: readonly HookSettings[]): Promise<void> {
    if (JSON.stringify(hooks) === JSON.stringify(this.#hooks)) return;
    await this.#stop();
    this.#hooks = hooks;
    if (hooks.length === 0) return;
    // New ones begin here.
    await this.tools.store.beginHooks(hooks.map(({ name }) => name));
    const stop = new AbortController();
    this.#running = { stop, ends: hooks.map((hook) => this.#tellOn(hook, stop.signal)) };
  }

  async #tellOn(hook: HookSettings, signal: AbortSignal): Promise<void> {
    const { store, clock, wait, onTurn } = this.tools;
    let upTo = -1;
    while (!signal.aborted) {
      let waitMs = LOOK_MS;
      try {
        if (await store.newestEvent() !== upTo) {
          const end: TellEnd = await tellHook(hook, this.tools, signal);
          if (end.kind === "told") upTo = end.upTo;
          // Somebody may skip what it fails of.
          if (end.kind === "failing") waitMs = Math.min(end.until - clock.now(), TROUBLE_MS);
        }
      } catch (error) {
        onTurn?.(`the hook ${hook.name} is not told now: ${errorText(error)}`);
        waitMs = TROUBLE_MS;
      }
      await wait(Math.max(waitMs, 1), signal);
    }
  }

  async #stop(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    running?.stop.abort();
    await Promise.all(running?.ends ?? []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
  }
}
