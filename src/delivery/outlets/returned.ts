// Messages that a relay has told to come later in the same pass: what became of their other
// recipients, and how often each was told. The round counts a message once, when it has come to its
// end; `deliver_claim.ts` asks how often.

import type { Claim, RecipientChange } from "../../queue/claim.ts";
import type { Delivered } from "../round/delivered.ts";

interface Earlier {
  times: number;
  readonly changes: RecipientChange[];
}

export class Returned {
  readonly #byToken = new Map<number, Earlier>();

  /** How often a message was told to come later. */
  times({ token }: Claim): number {
    return this.#byToken.get(token)?.times ?? 0;
  }

  /** Notes that a message comes again. */
  note({ token }: Claim, { changes, isTold }: {
    readonly changes: readonly RecipientChange[];
    /** The relay said so of the message; else its connection was one too many. */
    readonly isTold: boolean;
  }): void {
    const earlier = this.#byToken.get(token) ?? { times: 0, changes: [] };
    if (isTold) earlier.times++;
    earlier.changes.push(...changes);
    this.#byToken.set(token, earlier);
  }

  /** What came of a message in all its turns. */
  whole({ token }: Claim, delivered: Delivered): Delivered {
    const earlier = this.#byToken.get(token);
    if (earlier === undefined) return delivered;
    this.#byToken.delete(token);
    return { ...delivered, changes: [...earlier.changes, ...delivered.changes] };
  }

  /** What is known of the messages that the relay told to come later and that did not come again. */
  left(): (readonly RecipientChange[])[] {
    const left = [...this.#byToken.values()].filter(({ times }) => times > 0);
    this.#byToken.clear();
    return left.map(({ changes }) => changes);
  }
}
