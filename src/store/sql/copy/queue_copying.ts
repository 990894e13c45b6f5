// One queue as either side of `mailq copy`: each call is one transaction of steps. The stores' copy.ts
// make one for their database.

import type { Copying } from "../../../queue/ports/copying.ts";
import type { Clock } from "../../../system/time.ts";
import { claimed, countAfter, queueId, reach, readOthers, readSome } from "./read.ts";
import type { CopyDialect, Steps } from "./steps.ts";
import { begin, putEvents, putMessages, putOthers } from "./write.ts";

/** Runs steps in one transaction; they are made anew where it is tried again. */
type RunSteps = <T>(make: () => Steps<T>) => Promise<T>;

export function queueCopying(run: RunSteps, dialect: CopyDialect, clock: Clock): Copying {
  return {
    queueId: () => run(() => queueId()),
    claimed: () => run(() => claimed()),
    reach: () => run(() => reach(dialect)),
    count: (after) => run(() => countAfter(after)),
    messages: (after, upTo) => run(() => readSome(dialect, after, upTo)),
    others: () => run(() => readOthers()),
    begin: (source, reason) => run(() => begin(dialect, source, reason, clock.now())),
    putMessages: (...args) => run(() => putMessages(dialect, ...args)),
    putEvents: (...args) => run(() => putEvents(dialect, ...args)),
    putOthers: (...args) => run(() => putOthers(dialect, ...args)),
  };
}
