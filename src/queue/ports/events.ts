// What a store promises of its events (src/queue/event.ts). Whatever follows a queue reads by it: the
// command `events`, hooks, the screen. Events are written by the store itself, with what they tell of.
// Errors of every method: `busy`, `disk_full`, `io_error`, `permission`, `queue_corrupt`.

import type { NumberedEvent } from "../event.ts";

export interface EventLog {
  /** The events after the number `after` (0 = from the first one), in their order, up to a thousand or
   *  so. Whoever goes on after `upTo` misses none, whenever it was committed. */
  eventsAfter(after: number, wanted?: WantedEvents): Promise<EventPage>;
  /** The number of the newest event; 0 where there was none yet. */
  newestEvent(): Promise<number>;
  /** Deletes events of before `before` (ms since 1970), oldest first, in commits of a few hundred of
   *  which there are at most `commits`; never the newest. Resolves to whether there are more. */
  purgeEvents(before: number, commits: number): Promise<boolean>;
}

/** Which events are wanted; all that is given must hold. */
export interface WantedEvents {
  readonly types?: readonly string[];
  /** Events of this message (whole id). */
  readonly id?: string;
}

export interface EventPage {
  readonly events: readonly NumberedEvent[];
  /** Up to this number everything was looked at. `after` itself where nothing is newer. */
  readonly upTo: number;
  /** Events after `after`, up to this number, were deleted; null if none was. */
  readonly deletedTo: number | null;
  /** No event of this queue has a number as high as `after` yet: it was another's, or of this one
   *  before a backup took its place. */
  readonly isAhead: boolean;
}
