// Which messages a pass would send, and what naming messages changes about that. Called by `send`.
// The order of claims is the store's.

import type { MessageSummary } from "../../queue/message.ts";
import type { Operator } from "../../queue/ports/operator.ts";
import type { Reader } from "../../queue/ports/reader.ts";

/** The messages that a pass would send now, in its order; of `ids`, deferred ones too. */
export async function* dueMessages(
  store: Pick<Reader, "list">,
  ids: readonly string[] | undefined,
  now: number,
): AsyncGenerator<MessageSummary> {
  // Named messages are tried now, whatever their next try was to be.
  const statuses = ids === undefined ? ["queued" as const] : ["queued", "deferred"] as const;
  const options = { sort: "priority", after: null, limit: 0 } as const;
  for await (const message of store.list({ statuses, ids }, options)) {
    const isExpired = message.expiresAt !== null && message.expiresAt <= now;
    if (!isExpired && !isForLater(message, now)) yield message;
  }
}

/** Makes messages due now, whatever their next try was to be. Returns those that a pass leaves
 *  alone nevertheless, as held, scheduled or finished ones. */
export async function makeDue(
  store: Pick<Reader, "list"> & Pick<Operator, "retry">,
  ids: readonly string[],
  now: number,
): Promise<MessageSummary[]> {
  await store.retry({ ids }, { dueOnly: false });
  const left: MessageSummary[] = [];
  for await (const message of store.list({ ids }, { sort: "oldest", after: null, limit: 0 })) {
    if (message.status !== "queued" || isForLater(message, now)) left.push(message);
  }
  return left;
}

function isForLater({ sendAt }: MessageSummary, now: number): boolean {
  return sendAt !== null && sendAt > now;
}
