// The thread that takes mails apart for the screen: started for the first mail that is looked at, and ended
// when none was looked at for a while, for it holds memory. Called by store_data.ts.

import type { Previewer } from "../../display/preview/previewer.ts";

/** Whoever goes from mail to mail does not wait for a new thread each time. */
const REST_MS = 20_000;

export class RestingPreviewer implements Disposable {
  #previewer: Previewer | null = null;
  #inUse = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly restMs = REST_MS) {}

  get isResting(): boolean {
    return this.#previewer === null;
  }

  async use<T>(use: (previewer: Previewer) => Promise<T>): Promise<T> {
    clearTimeout(this.#timer);
    this.#inUse++;
    try {
      return await use(await this.#started());
    } finally {
      this.#inUse--;
      if (this.#inUse === 0) this.#timer = setTimeout(() => this.#end(), this.restMs);
    }
  }

  async #started(): Promise<Previewer> {
    const { Previewer }: typeof import("../../display/preview/previewer.ts") = await import(
      import.meta.resolve("../../display/preview/previewer.ts")
    );
    return this.#previewer ??= new Previewer();
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#previewer?.[Symbol.dispose]();
    this.#previewer = null;
  }

  [Symbol.dispose](): void {
    this.#end();
  }
}
