// The part of the PostgreSQL store that looks at the queue, in lists, counts and figures, and does what no
// sender waits for. A part of its own since the store is long; `PostgresStore` (store.ts) extends it.

import type { Filter, ListOptions } from "../../queue/filter.ts";
import type { MessageDetail, MessageSummary } from "../../queue/message.ts";
import type { PausedPart } from "../../queue/policy/pause.ts";
import type { Copying } from "../../queue/ports/copying.ts";
import type { Undo } from "../../queue/ports/undo.ts";
import type { StoredFigures } from "../../queue/ports/counters.ts";
import type { EventPage, WantedEvents } from "../../queue/ports/events.ts";
import type { HookState } from "../../queue/ports/hooks.ts";
import type { SearchIndexOptions, Suppression } from "../../queue/ports/reader.ts";
import type { QueueStats } from "../../queue/stats.ts";
import type { HealthFigures, QueueStatus } from "../../queue/status.ts";
import type { UnsentRecipient } from "../../queue/unsent.ts";
import { waitingFor } from "./act/pauses.ts";
import { copying } from "./act/copying.ts";
import { PostgresUndo } from "./act/undo.ts";
import { suppress, suppressions, unsuppress } from "./act/suppression.ts";
import { nextDueAt } from "./claims/postpone.ts";
import { purgeEvents } from "./events/purge.ts";
import { beginHooks, hookStates, idsTagged, noteHook } from "./events/hooks.ts";
import { eventsAfter, newestEvent } from "./events/read.ts";
import { countMatching, matching } from "./filter/matching.ts";
import { bringSearchUpToDate, readyFor } from "./filter/search_index.ts";
import { figures } from "./read/figures.ts";
import { idsWithPrefix, list, tagsWithPrefix } from "./read/list.ts";
import { content, show } from "./read/show.ts";
import { stats } from "./read/stats.ts";
import { healthFigures, status } from "./read/status.ts";
import { unsent } from "./read/unsent.ts";
import { queueId } from "./take_in/batch_target.ts";
import { PostgresRelays } from "./relays.ts";

/** See the ports `Reader`, `EventLog`, `Hooks` and `Counters`. */
export abstract class PostgresReading extends PostgresRelays {
  idsWithPrefix(prefix: string, limit: number): Promise<string[]> {
    return idsWithPrefix(this.db, prefix, limit);
  }

  tagsWithPrefix(prefix: string, limit: number): Promise<string[]> {
    return tagsWithPrefix(this.db, prefix, limit);
  }

  async *list(filter: Filter, options: ListOptions): AsyncIterable<MessageSummary> {
    await readyFor(this.db, filter);
    yield* list(this.db, filter, options);
  }

  async count(filter: Filter): Promise<number> {
    await readyFor(this.db, filter);
    return await countMatching(this.db, matching(filter, "TRUE"));
  }

  stats(): Promise<QueueStats> {
    return stats(this.db, this.clock.now());
  }

  show(id: string): Promise<MessageDetail | null> {
    return show(this.db, id);
  }

  content(seq: number): AsyncIterable<Uint8Array> {
    return content(this.db, seq);
  }

  status(): Promise<QueueStatus> {
    return status(this.db, this.clock.now());
  }

  nextDueAt(after: number): Promise<number | null> {
    return nextDueAt(this.db, after);
  }

  waitingFor(part: PausedPart): Promise<number> {
    return waitingFor(this.db, part);
  }

  unsent(): AsyncIterable<UnsentRecipient> {
    return unsent(this.db);
  }

  healthFigures(failedSince: number): Promise<HealthFigures> {
    return healthFigures(this.db, failedSince);
  }

  eventsAfter(after: number, wanted?: WantedEvents): Promise<EventPage> {
    return eventsAfter(this.db, after, wanted);
  }

  newestEvent(): Promise<number> {
    return newestEvent(this.db);
  }

  purgeEvents(before: number, commits: number): Promise<boolean> {
    return purgeEvents(this.db, { before, commits, now: this.clock.now() });
  }

  beginHooks(names: readonly string[]): Promise<void> {
    return beginHooks(this.db, names);
  }

  hookStates(names: readonly string[]): Promise<HookState[]> {
    return hookStates(this.db, names);
  }

  noteHook(state: HookState, from: number): Promise<boolean> {
    return noteHook(this.db, state, from);
  }

  idsTagged(ids: readonly string[], tagStart: string): Promise<string[]> {
    return idsTagged(this.db, ids, tagStart);
  }

  queueId(): Promise<string> {
    return queueId(this.db);
  }

  figures(): Promise<StoredFigures> {
    return figures(this.db);
  }

  suppressions(): AsyncIterable<Suppression> {
    return suppressions(this.db);
  }

  bringSearchUpToDate(options?: SearchIndexOptions): Promise<void> {
    return bringSearchUpToDate(this.db, options);
  }

  async suppress(addresses: readonly string[], reason: string | null): Promise<number> {
    return await suppress(this.db, addresses, reason, this.clock.now());
  }

  async unsuppress(addresses: readonly string[]): Promise<number> {
    return await unsuppress(this.db, addresses, this.clock.now());
  }

  undo(): Promise<Undo> {
    return Promise.resolve(new PostgresUndo(this.db, this.clock));
  }

  copying(): Promise<Copying> {
    return Promise.resolve(copying(this.db, this.clock));
  }
}
