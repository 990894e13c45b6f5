// What a store counts and keeps for monitors. Whatever shows figures of the queue reads by it; the
// counts themselves are made in the very writes that they count (src/queue/counters.ts).
// Errors of every method: `busy`, `io_error`, `permission`, `queue_corrupt`.

import type { RecipientChange } from "../claim.ts";
import type { AttemptResult } from "../outcome.ts";
import type { StoredStatus } from "../state.ts";

export interface Counters {
  /** All counts there are, and what else only the store can tell. */
  figures(): Promise<StoredFigures>;
}

export interface StoredFigures {
  /** In order of name and labels. They only grow, whatever is purged. */
  readonly counts: readonly StoredCount[];
  /** Recipients that wait, by the status of their message; one that is not there has none. */
  readonly openRecipients: ReadonlyMap<StoredStatus, number>;
  /** When the certificates end that relays showed last, by their names, ms since 1970. */
  readonly certificateEnds: ReadonlyMap<string, number>;
  /** Addresses on the do-not-send list. */
  readonly suppressions: number;
}

/** One counter, or one bucket of a histogram: see COUNTERS and HISTOGRAMS. */
export interface StoredCount {
  readonly name: string;
  readonly labels: readonly string[];
  readonly value: number;
}

/** An attempt as it is counted. */
export interface RecordedAttempt {
  readonly relay: string;
  readonly result: AttemptResult;
  readonly durationMs: number;
  readonly claim: { readonly lifeFrom: number };
  readonly changes: readonly Pick<RecipientChange, "outcome" | "state" | "code">[];
}
