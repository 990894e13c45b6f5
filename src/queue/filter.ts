// Which messages a command means, and in what order it wants them. Commands and the screen make
// filters; each store turns them into a question of its own.

import type { Priority } from "./message.ts";
import type { MessageStatus } from "./state.ts";

/** Which messages a command means: all conditions must hold; texts match a part, in any case. */
export interface Filter {
  /** Whole ids. */
  readonly ids?: readonly string[];
  readonly statuses?: readonly MessageStatus[];
  readonly to?: string;
  readonly from?: string;
  readonly subject?: string;
  readonly tags?: readonly string[];
  /** Part of the last reply or error. */
  readonly error?: string;
  readonly createdSince?: number;
  readonly createdUntil?: number;
  readonly sentSince?: number;
  readonly sentUntil?: number;
  /** Those that came to their end before then; what has none is as old as it is in the queue. */
  readonly finalUntil?: number;
  /** Those whose next try is before then. */
  readonly nextUntil?: number;
  /** The beginning of the id, in small letters. */
  readonly idPrefix?: string;
  /** Part of the key. */
  readonly key?: string;
  readonly priorities?: readonly Priority[];
  /** Of more bytes than this, or of fewer. */
  readonly largerThan?: number;
  readonly smallerThan?: number;
  /** Those that this relay was tried with last, or that wait untried for it. */
  readonly relay?: string;
  /** Those that may be sent at this time: queued or being sent and not scheduled for later, or deferred
   *  until then at most. */
  readonly dueAt?: number;
  /** Those scheduled for later than this. */
  readonly scheduledAfter?: number;
  /** The last attempt was cut off before the relay's answer: they may have arrived. */
  readonly isUncertain?: true;
  /** Words looked for in subject, sender, recipients and Message-ID, each as the beginning of a
   *  word, in any case and with or without accents. What stands between blanks and holds more
   *  than letters and digits (`bob@acme.test`) stands side by side. At most 1,000 characters. */
  readonly search?: string;
  /** Filters that must hold too. */
  readonly and?: readonly Filter[];
  /** Filters none of which may hold. */
  readonly not?: readonly Filter[];
}

export const SORTS = ["newest", "oldest", "priority", "size", "next", "sent"] as const;
export type Sort = typeof SORTS[number];

export interface ListOptions {
  readonly sort: Sort;
  /** From the other end. */
  readonly isReversed?: boolean;
  /** The whole id of the last message of the page before. */
  readonly after: string | null;
  /** 0 = all. */
  readonly limit: number;
}
