// Sees that the queue stands still, or moves again, and has it told, once for each. `mailq send` calls it
// at its end, the service beside its rounds; what a stall is, is src/queue/policy's.

import type { Settings } from "../../config/settings.ts";
import type { News } from "../../delivery/news.ts";
import { hasMoved, stallOf } from "../../queue/policy/stall.ts";
import type { Claims } from "../../queue/ports/claims.ts";
import type { Reader } from "../../queue/ports/reader.ts";
import type { App } from "../app.ts";

/** Looks whether the queue stands still, which it does where mail could go and none was sent for so long
 *  as the settings say. Rejects as the store does. */
export async function lookForStall(
  { clock, tell }: Pick<App, "clock" | "tell">,
  settings: Settings,
  store: Claims & Reader,
): Promise<void> {
  const now = clock.now();
  const news = await findNews(store, { now, afterMs: settings.stalledAfterMs });
  if (news !== null && tell.hearsEvents) tell.event(news);
}

async function findNews(
  store: Claims & Reader,
  { now, afterMs }: { readonly now: number; readonly afterMs: number },
): Promise<News | null> {
  const status = await store.status();
  const health = await store.healthFigures(now);
  const { stalledAt } = status;
  if (stalledAt !== null) {
    const isNew = hasMoved(status, health, stalledAt) && await store.noteStall(null);
    return isNew ? { type: "queue.moving" } : null;
  }
  const stall = stallOf(status, health, { now, afterMs });
  if (stall === null) return null;
  const { waitsFor } = stall;
  if (waitsFor !== null && await store.waitingFor(waitsFor) === 0) return null;
  return await store.noteStall(stall) ? { type: "queue.stalled", stall } : null;
}
