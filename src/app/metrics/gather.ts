// Reads what a monitor is told of a queue, and makes the text of it. Called by `mailq metrics` and by the
// service's HTTP listener.

import type { Settings } from "../../config/settings.ts";
import type { Counters } from "../../queue/ports/counters.ts";
import type { EventLog } from "../../queue/ports/events.ts";
import type { Hooks } from "../../queue/ports/hooks.ts";
import type { Reader } from "../../queue/ports/reader.ts";
import { countDrops } from "../../store/drop/names.ts";
import { isOnPostgres, queuePath } from "../../store/open.ts";
import { diskRoom } from "../../system/disk.ts";
import { lookAt } from "../../system/files.ts";
import { hookLags } from "../hooks/state.ts";
import { type DiskFigures, families } from "./families.ts";
import { type Dialect, metricsTextOf } from "./open_metrics.ts";

/** What is read of the queue. */
export type MeteredStore = Reader & Counters & EventLog & Hooks;

const DAY_MS = 24 * 60 * 60_000;

/** What is told of the queue now, as text. Rejects as the store does. Fast however long
 *  the queue is. */
export async function metricsText(
  store: MeteredStore,
  settings: Settings,
  { now, version, dialect, connections = null }: {
    readonly now: number;
    readonly version: string;
    readonly dialect: Dialect;
    /** Of the service: connections that it has open, by relay. */
    readonly connections?: ReadonlyMap<string, number> | null;
  },
): Promise<string> {
  // What is a database has no file here.
  const path = isOnPostgres(settings.queue) ? null : queuePath(settings.queue);
  const told = families({
    now,
    status: await store.status(),
    health: await store.healthFigures(now - DAY_MS),
    stored: await store.figures(),
    rateUses: await store.rateUses(),
    relays: settings.relays.map(({ name, concurrency, rate }) => ({
      name,
      concurrency: concurrency ?? settings.concurrency,
      rate,
    })),
    hooks: (await hookLags(store, settings.hooks)).map(({ hook, state, behind, oldestAt }) => ({
      name: hook.name,
      behind,
      oldestAt,
      failures: state.failures,
    })),
    connections,
    disk: path === null ? null : await diskFigures(path),
    dropped: path === null ? 0 : countDrops(path),
    build: { version, deno: Deno.version.deno },
  });
  return metricsTextOf(told, dialect);
}

async function diskFigures(path: string): Promise<DiskFigures | null> {
  const queue = lookAt(path);
  if (queue === null) return null;
  const room = await diskRoom(path);
  return {
    queueBytes: queue.size,
    logBytes: lookAt(`${path}-wal`)?.size ?? 0,
    freeBytes: room?.freeBytes ?? null,
    totalBytes: room?.totalBytes ?? null,
  };
}
