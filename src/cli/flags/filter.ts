// The flags by which commands pick messages, and the way from them to a filter of the store. Called
// by list, retry, purge, export and all that act on messages. Ids are resolved by
// src/app/select.ts.

import { type Conditions, selectMessages } from "../../app/select.ts";
import { MailqError } from "../../queue/errors.ts";
import type { Filter } from "../../queue/filter.ts";
import type { Store } from "../../queue/ports/store.ts";
import { MESSAGE_STATUSES, type MessageStatus } from "../../queue/state.ts";
import { count, type FlagsOf, manyArguments, parsed, text, texts, toggle } from "./builders.ts";
import { timeGoneBy } from "./times.ts";

export const FILTER_FLAGS = {
  status: parsed({
    brief: `Only these, by comma: ${MESSAGE_STATUSES.join(" ")}`,
    placeholder: "STATUS",
  }, readStatuses),
  to: text({
    brief: "Only to this address, @domain, or a part without @",
    placeholder: "ADDRESS",
  }),
  from: text({
    brief: "Only from this address, @domain, or a part without @",
    placeholder: "ADDRESS",
  }),
  subject: text({ brief: "Only with this in the subject", placeholder: "TEXT" }),
  tag: texts({ brief: "Only with this tag; more than one: with all", placeholder: "TAG" }),
  error: text({ brief: "Only with this in the last reply or error", placeholder: "TEXT" }),
  problem: count("Only of this problem, by its number in `mailq problems`"),
  since: timeGoneBy({
    flag: "--since",
    brief: "Only queued since then: 2026-11-22T18:00, or 2h for two hours ago",
  }),
  until: timeGoneBy({ flag: "--until", brief: "Only queued before then" }),
  sentSince: timeGoneBy({ flag: "--sent-since", brief: "Only sent since then" }),
  sentUntil: timeGoneBy({ flag: "--sent-until", brief: "Only sent before then" }),
  search: text({
    brief: "Only with these words, or beginnings of words, in subject, addresses or Message-ID",
    placeholder: "WORDS",
  }),
};

/** The filter of commands that would rather be told what they act on. */
export const SELECTION_FLAGS = { all: toggle("Every message it applies to"), ...FILTER_FLAGS };

/** The flag of actions that only say what they would do. */
export const DRY_RUN = { dryRun: toggle("Only say how many it is for, with a few of them") };

type FilterFlags = FlagsOf<typeof FILTER_FLAGS>;
type SelectionFlags = FlagsOf<typeof SELECTION_FLAGS>;

export const IDS = manyArguments({ brief: "Ids, or their unique beginnings", placeholder: "ID" });

/** Reads statuses by comma. Throws `usage` for one that is none. */
export function readStatuses(text: string): readonly MessageStatus[] {
  return text.split(",").map((part) => {
    const known = MESSAGE_STATUSES.find((status) => status === part.trim());
    if (known !== undefined) return known;
    throw new MailqError(
      "usage",
      `Cannot use the status "${part}": expected one of ${MESSAGE_STATUSES.join(", ")}`,
    );
  });
}

export function toFilter(flags: FilterFlags): Conditions {
  return {
    statuses: flags.status,
    to: flags.to,
    from: flags.from,
    subject: flags.subject,
    tags: flags.tag,
    error: flags.error,
    createdSince: flags.since,
    createdUntil: flags.until,
    sentSince: flags.sentSince,
    sentUntil: flags.sentUntil,
    search: flags.search,
    problem: flags.problem,
  };
}

/** Whether any of these flags was given. */
export function isAnyGiven(flags: Readonly<Record<string, unknown>>): boolean {
  return Object.values(flags).some((value) =>
    value !== undefined && !(Array.isArray(value) && value.length === 0)
  );
}

/** What an action acts on: ids, a filter, or all. Naming nothing is `usage`, as are ids and all. */
export async function selectionOf(
  store: Store,
  ids: readonly string[],
  { all = false, ...conditions }: SelectionFlags,
): Promise<Filter> {
  if (ids.length === 0 && !all && !isAnyGiven(conditions)) {
    throw new MailqError(
      "usage",
      "Cannot act on nothing: name ids, give a filter such as --to or --status, or --all",
    );
  }
  refuseIdsAndAll(ids, all);
  return await selectMessages(store, ids, toFilter(conditions));
}

/** Throws `usage` for ids together with `--all`. */
export function refuseIdsAndAll(ids: readonly string[], all: boolean): void {
  if (ids.length === 0 || !all) return;
  throw new MailqError("usage", "Cannot act on ids and on --all: give one of them");
}
