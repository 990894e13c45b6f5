// Reads a queue's events on and on: all that are kept, then each as it is committed. Called by
// `events`; how they look is the command's.

import { MailqError } from "../../queue/errors.ts";
import type { NumberedEvent } from "../../queue/event.ts";
import type { EventLog, WantedEvents } from "../../queue/ports/events.ts";
import type { Reader } from "../../queue/ports/reader.ts";

interface FollowPlan {
  /** Events after this number; null = from the oldest that is kept. */
  readonly since: number | null;
  readonly wanted: WantedEvents;
  /** Goes on, when there is nothing more, until `signal`. */
  readonly follows: boolean;
  readonly signal: AbortSignal;
}

/** Events in the order of their numbers, page by page; none is missed, whoever writes meanwhile. An
 *  empty page tells that nothing is left for the moment. Throws `events_deleted` where `since` is older
 *  than what is kept, or newer than the queue. */
export async function* followEvents(
  store: EventLog & Pick<Reader, "changed">,
  { since, wanted, follows, signal }: FollowPlan,
): AsyncIterable<readonly NumberedEvent[]> {
  // The watch begins before the first look, or a change in between would be missed.
  if (follows) await store.changed(AbortSignal.abort());
  let after = since ?? 0;
  // Until it is up to date, who wants all that is kept has missed nothing.
  let isFromOldest = since === null;
  while (!signal.aborted) {
    const page = await store.eventsAfter(after, wanted);
    if (page.isAhead) throw aheadError(after, await store.newestEvent());
    if (page.deletedTo !== null && !isFromOldest) throw deletedError(after, page.deletedTo);
    yield page.events;
    const isAtEnd = page.upTo === after;
    after = page.upTo;
    if (!isAtEnd) continue;
    isFromOldest = false;
    if (!follows) return;
    await store.changed(signal);
  }
}

function deletedError(since: number, deletedTo: number): MailqError {
  return new MailqError(
    "events_deleted",
    `Cannot show the events since ${since}: those up to ${deletedTo} are gone ` +
      `(retention.events, or a backup was restored); --since ${deletedTo} shows those that are left`,
  );
}

function aheadError(since: number, newest: number): MailqError {
  return new MailqError(
    "events_deleted",
    `Cannot show the events since ${since}: the newest of this queue is ${newest}; ` +
      "another queue took its place, read it from its beginning",
  );
}
