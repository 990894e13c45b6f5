// To whom it is told what happened in a write: the connection, which writes it with the write. Whoever
// changes the queue tells; only types, so it costs nobody anything.

import type { QueueEvent } from "../../queue/event.ts";

export interface Teller {
  /** Tells, with the write that is under way, what happened in it at `at` (ms since 1970). Of mail in a
   *  staged `lane` it is told once that is visible. */
  tell(event: QueueEvent, at: number, lane?: number): void;
}
