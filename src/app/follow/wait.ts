// Waits until messages have come to their end, whoever sends them. Called by `wait`; it is woken by
// the store's changes and sends nothing itself.

import type { MessageSummary } from "../../queue/message.ts";
import type { Reader } from "../../queue/ports/reader.ts";
import { FINAL_STATUSES } from "../../queue/state.ts";
import type { App } from "../app.ts";

interface WaitPlan {
  /** Whole ids. */
  readonly ids: readonly string[];
  /** Null = as long as it takes. */
  readonly timeoutMs: number | null;
  /** Told of each message when it has ended. */
  readonly onEnd: (message: MessageSummary) => void;
}

/** Resolves once each message is final or gone, the time is up or the program is told to stop: to those
 *  that are not final then, in the order of the ids. */
export async function waitForEnd(
  app: Pick<App, "wait" | "stopSignal">,
  store: Pick<Reader, "list" | "changed">,
  { ids, timeoutMs, onEnd }: WaitPlan,
): Promise<MessageSummary[]> {
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, app.stopSignal()]);
  // The watch begins before the first look, or a change in between would be missed.
  await store.changed(AbortSignal.abort());
  if (timeoutMs !== null) void app.wait(timeoutMs, signal).then(() => over.abort());
  let left = [...ids];
  try {
    for (;;) {
      const open: MessageSummary[] = [];
      for (const message of await inOrder(store, left)) {
        if (FINAL_STATUSES.includes(message.status)) onEnd(message);
        else open.push(message);
      }
      left = open.map(({ id }) => id);
      if (left.length === 0 || signal.aborted) return open;
      await store.changed(signal);
    }
  } finally {
    over.abort();
  }
}

/** The messages in the order of their ids; those that are gone are left out. */
async function inOrder(
  store: Pick<Reader, "list">,
  ids: readonly string[],
): Promise<MessageSummary[]> {
  const found = new Map<string, MessageSummary>();
  const all = { sort: "oldest", after: null, limit: 0 } as const;
  for await (const message of store.list({ ids }, all)) found.set(message.id, message);
  return ids.flatMap((id) => found.get(id) ?? []);
}
