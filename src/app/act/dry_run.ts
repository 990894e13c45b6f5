// What an action on many messages would do: how many it is for, and a few of them. Called by the commands
// that take `--dry-run`. Which messages an action applies to is told here by their status; the actions
// themselves are the store's.

import type { Filter } from "../../queue/filter.ts";
import type { MessageSummary } from "../../queue/message.ts";
import type { Reader } from "../../queue/ports/reader.ts";
import { MESSAGE_STATUSES, type MessageStatus } from "../../queue/state.ts";

/** Statuses of messages that each action changes something about. */
export const APPLIES_TO = {
  hold: ["queued", "sending", "deferred"],
  release: ["held"],
  cancel: ["queued", "sending", "deferred", "held"],
  retry: ["deferred", "held"],
  resend: MESSAGE_STATUSES,
} as const satisfies Readonly<Record<string, readonly MessageStatus[]>>;

export interface DryRun {
  readonly count: number;
  /** The first of them, oldest first. */
  readonly samples: readonly MessageSummary[];
}

/** Messages that are shown. */
const SAMPLES = 3;

/** Counts the messages of a filter that are in one of `statuses`, and picks a few. */
export async function dryRun(
  store: Pick<Reader, "list" | "count">,
  filter: Filter,
  statuses: readonly MessageStatus[],
): Promise<DryRun> {
  // The filter may name statuses of its own.
  const meant: Filter = { statuses, and: [filter] };
  const samples: MessageSummary[] = [];
  const options = { sort: "oldest", after: null, limit: SAMPLES } as const;
  for await (const message of store.list(meant, options)) samples.push(message);
  return { count: await store.count(meant), samples };
}
