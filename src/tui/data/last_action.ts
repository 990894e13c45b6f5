// The last action on messages, part by part: which messages it has changed, and taking it back. Called
// by store_data.ts; how a message is put back the store knows.

import type { Operator } from "../../queue/ports/operator.ts";
import type { TakenBack, Undo } from "../../queue/ports/undo.ts";

/** An action on more messages than this is not remembered: it would be a second queue. */
const MOST = 20_000;

interface Part {
  readonly ids: readonly string[];
  /** The action begins with this part. */
  readonly isFirst: boolean;
  /** There is no way back from it. */
  readonly isFinal: boolean;
}

export class LastAction {
  #undo: Undo | null = null;
  #count = 0;

  constructor(readonly store: Pick<Operator, "undo">) {}

  /** Does a part of an action and remembers what it did. */
  async during<T>({ ids, isFirst, isFinal }: Part, act: () => Promise<T>): Promise<T> {
    if (isFirst) await this.#begin();
    this.#count += ids.length;
    if (isFinal || this.#count > MOST) {
      await this.#undo?.forget();
      this.#undo = null;
    }
    await this.#undo?.remember(ids);
    try {
      return await act();
    } finally {
      // Also of a part that has failed something may be done.
      await this.#undo?.note(ids);
    }
  }

  async #begin(): Promise<void> {
    this.#count = 0;
    this.#undo = await this.store.undo();
    await this.#undo?.forget();
  }

  /** The messages it has changed; none where that is not remembered. */
  async ids(): Promise<readonly string[]> {
    return await this.#undo?.touched() ?? [];
  }

  /** Null where there is nothing to take back. */
  async takeBack(): Promise<TakenBack | null> {
    const undo = this.#undo;
    this.#undo = null;
    return await undo?.takeBack() ?? null;
  }
}
