// Says how far a pass is, and what it waits for. Loaded by pass.ts where somebody sees it; what a pass
// knows of itself is src/delivery's.

import type { PassOptions, PassState } from "../../delivery/options.ts";
import type { Reader } from "../../queue/ports/reader.ts";
import type { Tell } from "../app.ts";
import { Progress } from "../progress.ts";

/** After so long without a message done it is said that a relay is waited for. */
const SLOW_MS = 2_000;

/** What is known of a pass before it begins. */
interface Plan {
  readonly ids: readonly string[] | undefined;
  readonly maxBatch: number | null;
}

interface PassProgress extends Disposable {
  readonly onBegin: NonNullable<PassOptions["onBegin"]>;
}

/** The progress of a pass, until it is disposed of. */
export async function passProgress(
  tell: Pick<Tell, "progress" | "hearsProgress">,
  store: Pick<Reader, "status">,
  { ids, maxBatch }: Plan,
): Promise<PassProgress> {
  const { queued } = await store.status();
  const planned = Math.min(ids?.length ?? queued, maxBatch ?? Infinity);
  const progress = new Progress(tell, { what: "sending" });
  let known = 0;
  let since = performance.now();
  const waitsFor = ({ done, inFlight, waitsFor }: PassState): string | null => {
    const now = performance.now();
    if (done !== known) since = now;
    known = done;
    if (waitsFor !== null || inFlight === 0 || now - since < SLOW_MS) return waitsFor;
    return "a relay's answer";
  };
  return {
    onBegin: (look) => {
      progress.watch(() => {
        const state = look();
        // Mail may come while the pass runs.
        const total = Math.max(planned, state.done + state.inFlight);
        return { done: state.done, total, waitsFor: waitsFor(state) };
      });
    },
    [Symbol.dispose]: () => progress[Symbol.dispose](),
  };
}
