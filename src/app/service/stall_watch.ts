// Looks beside the service whether the queue stands still: also where all that it hands over hangs. Begun
// by `mailq run`; what a stall is, is src/queue/policy's, and who is told of it, hooks'.

import type { Settings } from "../../config/settings.ts";
import type { Claims } from "../../queue/ports/claims.ts";
import type { Reader } from "../../queue/ports/reader.ts";
import type { App } from "../app.ts";
import { lookForStall } from "../send/stall.ts";

/** It looks so often, or as often as `stalled_after` is, but for every second at most. */
const LOOK_MS = 10_000;
const SHORTEST_MS = 1_000;

/** Looks from soon on, after a first round at best, until it is disposed of. */
export function watchForStalls(
  app: Pick<App, "clock" | "tell" | "wait">,
  current: () => Settings,
  store: Claims & Reader,
): AsyncDisposable {
  const over = new AbortController();
  const watch = async () => {
    for (;;) {
      const { stalledAfterMs } = current();
      await app.wait(Math.max(SHORTEST_MS, Math.min(LOOK_MS, stalledAfterMs)), over.signal);
      if (over.signal.aborted) return;
      // The service meets the same trouble of the queue, and tells it.
      await lookForStall(app, current(), store).catch(() => {});
    }
  };
  const watching = watch();
  return {
    async [Symbol.asyncDispose]() {
      over.abort();
      await watching;
    },
  };
}
