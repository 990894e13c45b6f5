import { MailqError } from "../queue/errors.ts";
import { ID_LENGTH, normaliseId } from "../queue/ids.ts";
import type { ActionResult } from "../queue/ports/operator.ts";
import type { Filter } from "../queue/filter.ts";
import type { Store } from "../queue/ports/store.ts";
import { MESSAGE_STATUSES, type MessageStatus } from "../queue/state.ts";
import type { Context } from "../cli/frame/context.ts";
import { anyText, pastTimeOf, word } from "../cli/flags/parsers.ts";

/** The flags by which a command picks messages. */
export interface FilterFlags {
  readonly status?: readonly MessageStatus[];
  readonly to?: string;
  readonly from?: string;
  readonly subject?: string;
  readonly tag?: readonly string[];
  readonly error?: string;
  readonly since?: number;
  readonly until?: number;
  readonly sentSince?: number;
  readonly sentUntil?: number;
  readonly search?: string;
}

/** How those flags are read. */
export const FILTER_FLAGS = {
  status: {
    kind: "parsed",
    parse: statuses,
    optional: true,
    brief: `Only these, by comma: ${MESSAGE_STATUSES.join(" ")}`,
    placeholder: "STATUS",
  },
  to: {
    kind: "parsed",
    parse: word,
    optional: true,
    brief: "Only to this address, @domain, or a part without @",
    placeholder: "ADDRESS",
  },
  from: {
    kind: "parsed",
    parse: word,
    optional: true,
    brief: "Only from this address, @domain, or a part without @",
    placeholder: "ADDRESS",
  },
  subject: {
    kind: "parsed",
    parse: word,
    optional: true,
    brief: "Only with this in the subject",
    placeholder: "TEXT",
  },
  tag: {
    kind: "parsed",
    parse: word,
    optional: true,
    variadic: true,
    brief: "Only with this tag; more than one: with all",
    placeholder: "TAG",
  },
  error: {
    kind: "parsed",
    parse: word,
    optional: true,
    brief: "Only with this in the last reply or error",
    placeholder: "TEXT",
  },
  since: {
    kind: "parsed",
    parse: pastTimeOf("--since"),
    optional: true,
    brief: "Only queued since then: 2026-11-22T18:00, or 2h for two hours ago",
    placeholder: "TIME",
  },
  until: {
    kind: "parsed",
    parse: pastTimeOf("--until"),
    optional: true,
    brief: "Only queued before then",
    placeholder: "TIME",
  },
  sentSince: {
    kind: "parsed",
    parse: pastTimeOf("--sent-since"),
    optional: true,
    brief: "Only sent since then",
    placeholder: "TIME",
  },
  sentUntil: {
    kind: "parsed",
    parse: pastTimeOf("--sent-until"),
    optional: true,
    brief: "Only sent before then",
    placeholder: "TIME",
  },
  search: {
    kind: "parsed",
    parse: word,
    optional: true,
    brief: "Only with these words, or beginnings of words, in subject, addresses or Message-ID",
    placeholder: "WORDS",
  },
} as const;

/** The `--all` of commands that would rather be told what they act on. */
export const ALL_FLAG = {
  all: {
    kind: "boolean",
    optional: true,
    withNegated: false,
    brief: "Every message it applies to",
  },
} as const;

export const IDS = {
  kind: "array",
  parameter: { brief: "Ids, or their unique beginnings", placeholder: "ID", parse: anyText },
} as const;

function statuses(text: string): readonly MessageStatus[] {
  return text.split(",").map((part) => {
    const known = MESSAGE_STATUSES.find((status) => status === part.trim());
    if (known !== undefined) return known;
    throw new MailqError(
      "usage",
      `Cannot use the status "${part}": expected one of ${MESSAGE_STATUSES.join(", ")}`,
    );
  });
}

export function toFilter(flags: FilterFlags): Filter {
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
  };
}

/** What an action acts on: ids, a filter, or all. Naming nothing is `usage`. */
export async function selectMessages(
  store: Store,
  ids: readonly string[],
  flags: FilterFlags & { readonly all?: boolean },
): Promise<Filter> {
  const { all, ...conditions } = flags;
  const hasCondition = Object.values(conditions).some((value) =>
    value !== undefined && !(Array.isArray(value) && value.length === 0)
  );
  if (ids.length === 0 && !hasCondition && !all) {
    throw new MailqError(
      "usage",
      "Cannot act on nothing: name ids, give a filter such as --to or --status, or --all",
    );
  }
  if (ids.length > 0 && all) {
    throw new MailqError("usage", "Cannot act on ids and on --all: give one of them");
  }
  const filter = toFilter(flags);
  return ids.length === 0 ? filter : { ...filter, ids: await resolveIds(store, ids) };
}

/** Whole ids for ids or unique beginnings of some. Throws `usage` naming the candidates. */
export async function resolveIds(store: Store, ids: readonly string[]): Promise<string[]> {
  const whole: string[] = [];
  for (const text of ids) whole.push(await resolveId(store, text));
  return whole;
}

const CANDIDATES = 10;

export async function resolveId(store: Store, text: string): Promise<string> {
  const prefix = normaliseId(text);
  if (prefix === null) {
    throw new MailqError(
      "usage",
      `Cannot use the id "${text}": expected up to ${ID_LENGTH} letters and digits, ` +
        "as `mailq list` shows them",
    );
  }
  const found = await store.idsWithPrefix(prefix, CANDIDATES + 1);
  const [only] = found;
  if (only === undefined) {
    throw new MailqError("usage", `Cannot find a message whose id begins with "${text}"`);
  }
  if (found.length === 1) return only;
  const shown = found.slice(0, CANDIDATES).join(" ") + (found.length > CANDIDATES ? " …" : "");
  throw new MailqError("usage", `Cannot tell which message "${text}" means: ${shown}`);
}

/** Prints what an action on messages did. */
export function tellAction(context: Context, result: ActionResult, verb: string): void {
  const { output } = context;
  if (output.isJson) {
    output.json({
      changed: result.changed,
      unchanged: result.unchanged,
      without_body: result.withoutBody,
      sending_recipients: result.sendingRecipients,
    });
    return;
  }
  output.line(`${verb} ${result.changed} ${plural(result.changed, "message")}`);
  if (result.unchanged > 0) {
    output.note(
      `${result.unchanged} ${plural(result.unchanged, "message")} left as ` +
        (result.unchanged === 1 ? "it was" : "they were"),
    );
  }
  if (result.withoutBody > 0) {
    output.note(
      `${result.withoutBody} of them cannot go again: the bytes were deleted when the mail was ` +
        "sent (keep_bodies)",
    );
  }
  if (result.sendingRecipients > 0) {
    output.note(
      `${result.sendingRecipients} ${plural(result.sendingRecipients, "recipient")} ` +
        "left alone: being sent at this moment",
    );
  }
}

export function plural(count: number, word: string): string {
  return count === 1 ? word : `${word}s`;
}
