// How a store is opened, whichever it is. Who opens one says it by open.ts;
// each store reads it.

import type { Clock, Random } from "../system/time.ts";

/** How a queue is opened. */
export interface OpenOptions {
  /** Make the queue if there is none; otherwise a queue that is not there counts as empty. */
  readonly create: boolean;
  /** A process with more to do than one write: it must not be blocked while it waits. */
  readonly isWorker: boolean;
  readonly clock: Clock;
  readonly random: Random;
  /** Whether the bytes of a message stay when it has become sent; asked at each recording, since a
   *  service may be told otherwise while the queue is open. Absent = they stay. */
  readonly keepsBodies?: () => boolean;
  /** Whether a message is held whose worker died while handing it over, since it may have been delivered;
   *  asked at each taking over. Absent = it is queued again. */
  readonly holdsUncertain?: () => boolean;
  /** By which command or listener mail comes in, for what is counted; absent = enqueue. What was dropped
   *  counts as `drop` whoever takes it in. */
  readonly wayIn?: string;
}
