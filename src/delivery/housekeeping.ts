// What the service does beside sending: takes over from dead workers and requeues what is due
// before mail is claimed; between two rounds shows that it goes round, and purges old mail. The
// service says when; expired mail is failed by the round itself (`pass.ts`).

import type { Claims } from "../queue/ports/claims.ts";
import type { EventLog } from "../queue/ports/events.ts";
import type { Operator } from "../queue/ports/operator.ts";
import type { MessageStatus } from "../queue/state.ts";
import type { Clock } from "../system/time.ts";
import { LastTime } from "./last_time.ts";
import type { OnNews } from "./news.ts";
import type { ServiceWorker } from "./service_worker.ts";

const NOTE_ROUND_EVERY_MS = 10_000;
const PURGE_EVERY_MS = 60 * 60_000;
/** So many commits of events: what is left has its turn an hour later. */
const PURGE_COMMITS = 1_000;

/** Finished mail is purged after so long, in ms; null = never. */
export interface Retention {
  readonly sentMs: number | null;
  /** Of mail that failed for all its recipients or for some. */
  readonly failedMs: number | null;
  /** Events, too. */
  readonly eventsMs: number;
}

interface HousekeepingTools {
  readonly store: Claims & Operator & EventLog;
  readonly clock: Clock;
  readonly worker: ServiceWorker;
}

/** Rejects as the store does. */
export class Housekeeping {
  readonly #lastNote: LastTime;
  readonly #lastPurge: LastTime;

  constructor(readonly tools: HousekeepingTools) {
    this.#lastNote = new LastTime(tools.clock);
    this.#lastPurge = new LastTime(tools.clock);
  }

  /** Queues the mail again that dead workers held, and the mail whose next try is due; ends pauses. */
  async requeue(): Promise<void> {
    await this.tools.store.takeOver();
    await this.tools.store.endPauses();
    await this.tools.store.requeueDue();
  }

  /** Does what is due between two rounds. */
  async keep(retention: Retention, onNews?: OnNews): Promise<void> {
    await this.#noteRound();
    await this.tools.worker.beat();
    const count = await this.#purge(retention);
    if (count > 0) onNews?.({ type: "message.purged", count });
  }

  async #noteRound(): Promise<void> {
    if (this.#lastNote.isWithin(NOTE_ROUND_EVERY_MS)) return;
    this.#lastNote.note();
    await this.tools.store.noteRound();
  }

  /** Returns how many messages it deleted. */
  async #purge({ sentMs, failedMs, eventsMs }: Retention): Promise<number> {
    if (this.#lastPurge.isWithin(PURGE_EVERY_MS)) return 0;
    this.#lastPurge.note();
    const { store, clock } = this.tools;
    await store.purgeEvents(clock.now() - eventsMs, PURGE_COMMITS);
    const sent = await this.#purgeOlder(["sent"], sentMs);
    return sent + await this.#purgeOlder(["failed", "partial"], failedMs);
  }

  async #purgeOlder(statuses: readonly MessageStatus[], ageMs: number | null): Promise<number> {
    if (ageMs === null) return 0;
    const { store, clock } = this.tools;
    return await store.purge({ statuses }, {
      finalBefore: clock.now() - ageMs,
      includeOpen: false,
    });
  }
}
