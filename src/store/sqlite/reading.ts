// The part of the SQLite store that looks at the queue: lists, counts and figures. A part of its own
// since the store is long; `SqliteStore` (store.ts) extends it, and every module it needs is loaded
// when it is wanted.

import type { Filter, ListOptions } from "../../queue/filter.ts";
import type { MessageDetail, MessageSummary } from "../../queue/message.ts";
import type { EventPage, WantedEvents } from "../../queue/ports/events.ts";
import type { HookState } from "../../queue/ports/hooks.ts";
import type { PausedPart } from "../../queue/policy/pause.ts";
import type { StoredFigures } from "../../queue/ports/counters.ts";
import type { RateUse } from "../../queue/policy/rate.ts";
import type { QueueStats } from "../../queue/stats.ts";
import type { HealthFigures, QueueStatus } from "../../queue/status.ts";
import type { UnsentRecipient } from "../../queue/unsent.ts";
import { SqliteRelays } from "./relays.ts";

const load = <Module>(name: string): Promise<Module> => import(import.meta.resolve(`./${name}.ts`));
const loadList = () => load<typeof import("./read/list.ts")>("read/list");
const loadShow = () => load<typeof import("./read/show.ts")>("read/show");
const loadStatus = () => load<typeof import("./read/status.ts")>("read/status");
const loadMatching = () => load<typeof import("./filter/matching.ts")>("filter/matching");
const loadPostpone = () => load<typeof import("./claims/postpone.ts")>("claims/postpone");
const loadPauses = () => load<typeof import("./act/pauses.ts")>("act/pauses");
const loadEvents = () => load<typeof import("./events/read.ts")>("events/read");
const loadHooks = () => load<typeof import("./events/hooks.ts")>("events/hooks");
const loadRelays = () => load<typeof import("./claims/relays.ts")>("claims/relays");

/** See the ports `Reader`, `EventLog`, `Hooks` and `Counters`. */
export abstract class SqliteReading extends SqliteRelays {
  async idsWithPrefix(prefix: string, limit: number): Promise<string[]> {
    const { idsWithPrefix } = await loadList();
    return idsWithPrefix(this.db, prefix, limit);
  }

  async tagsWithPrefix(prefix: string, limit: number): Promise<string[]> {
    const { tagsWithPrefix } = await loadList();
    return tagsWithPrefix(this.db, prefix, limit);
  }

  async *list(filter: Filter, options: ListOptions): AsyncIterable<MessageSummary> {
    const { list } = await loadList();
    yield* list(this.db, filter, options);
  }

  async count(filter: Filter): Promise<number> {
    const { countMatching, matching } = await loadMatching();
    return countMatching(this.db, matching(this.db, filter, "1"));
  }

  async stats(): Promise<QueueStats> {
    const { stats } = await load<typeof import("./read/stats.ts")>("read/stats");
    return stats(this.db, this.clock.now());
  }

  async show(id: string): Promise<MessageDetail | null> {
    const { show } = await loadShow();
    return show(this.db, id);
  }

  async status(): Promise<QueueStatus> {
    const { status } = await loadStatus();
    return await status(this.db, this.clock.now());
  }

  async nextDueAt(after: number): Promise<number | null> {
    const { nextDueAt } = await loadPostpone();
    return nextDueAt(this.db, after);
  }

  async waitingFor(part: PausedPart): Promise<number> {
    const { waitingFor } = await loadPauses();
    return waitingFor(this.db, part);
  }

  async *unsent(): AsyncIterable<UnsentRecipient> {
    const { unsent } = await load<typeof import("./read/unsent.ts")>("read/unsent");
    yield* unsent(this.db);
  }

  async healthFigures(failedSince: number): Promise<HealthFigures> {
    const { healthFigures } = await loadStatus();
    return healthFigures(this.db, failedSince);
  }

  async eventsAfter(after: number, wanted?: WantedEvents): Promise<EventPage> {
    const { eventsAfter } = await loadEvents();
    return eventsAfter(this.db, after, wanted);
  }

  async purgeEvents(before: number, commits: number): Promise<boolean> {
    const { purgeEvents } = await load<typeof import("./events/purge.ts")>("events/purge");
    return await purgeEvents(this.db, { before, commits, now: this.clock.now() });
  }

  async newestEvent(): Promise<number> {
    const { newestEvent } = await loadEvents();
    return newestEvent(this.db);
  }

  async figures(): Promise<StoredFigures> {
    const { figures } = await load<typeof import("./counters/read.ts")>("counters/read");
    return figures(this.db);
  }

  async hookStates(names: readonly string[]): Promise<HookState[]> {
    const { hookStates } = await loadHooks();
    return hookStates(this.db, names);
  }

  async beginHooks(names: readonly string[]): Promise<void> {
    const { beginHooks } = await loadHooks();
    await beginHooks(this.db, names);
  }

  async takeHook(name: string): Promise<{ release(): void } | null> {
    const { takeHook } = await loadHooks();
    return await takeHook(this.db, name);
  }

  async noteHook(state: HookState, from: number): Promise<boolean> {
    const { noteHook } = await loadHooks();
    return await noteHook(this.db, state, from);
  }

  async idsTagged(ids: readonly string[], tagStart: string): Promise<string[]> {
    const { idsTagged } = await loadHooks();
    return idsTagged(this.db, ids, tagStart);
  }

  async queueId(): Promise<string> {
    const { queueId } = await loadHooks();
    return queueId(this.db);
  }

  async rateUses(): Promise<ReadonlyMap<string, RateUse>> {
    const { rateUses } = await loadRelays();
    return rateUses(this.db);
  }
}
