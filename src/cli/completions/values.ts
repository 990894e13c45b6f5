// Values that only the program knows: ids with their subjects, tags, relays. The completion scripts
// call it at a press of TAB, by `mailq completions ids …`, so it loads little, prints nothing where
// nothing can be known, and fails never.

import type { MessageStatus } from "../../queue/state.ts";
import type { Reader } from "../../queue/ports/reader.ts";
import type { Context } from "../frame/context.ts";

const VALUE_KINDS = ["ids", "tags", "relays"] as const;
type ValueKind = typeof VALUE_KINDS[number];

export function isValueKind(word: string | undefined): word is ValueKind {
  return VALUE_KINDS.some((kind) => kind === word);
}

/** Ids and tags that are offered; more are no help. */
const MOST_IDS = 50;
const MOST_TAGS = 200;
const SUBJECT_LENGTH = 50;

/** Statuses of the messages that a command can do something with; others take any. */
const MEANT: Readonly<Record<string, readonly MessageStatus[]>> = {
  "hold": ["queued", "deferred"],
  "release": ["held"],
  "cancel": ["queued", "deferred", "held"],
  "retry": ["deferred"],
  "send": ["queued", "deferred"],
};

/** Prints the values of a kind that begin with `prefix`, a line each, an id with a tab and its
 *  subject. `command` is what they are for. */
export async function printValues(
  context: Context,
  kind: ValueKind,
  [prefix = "", command = ""]: readonly string[],
): Promise<void> {
  try {
    for await (const value of valuesOf(context, kind, { prefix, command })) {
      context.output.line(value);
    }
  } catch {
    // A shell has asked: whatever is wrong, the command line says so once it is run.
  }
}

interface Wanted {
  readonly prefix: string;
  readonly command: string;
}

async function* valuesOf(
  context: Context,
  kind: ValueKind,
  wanted: Wanted,
): AsyncGenerator<string> {
  const settings = await context.settings("all");
  if (kind === "relays") {
    const names = settings.relays.map(({ name }) => name);
    yield* names.filter((name) => name.startsWith(wanted.prefix)).map(oneLine);
    return;
  }
  const store = await context.openQueue(settings, { create: false });
  yield* kind === "ids" ? idsOf(store, wanted) : tagsOf(store, wanted);
}

async function* idsOf(
  store: Pick<Reader, "list" | "idsWithPrefix">,
  { prefix, command }: Wanted,
): AsyncGenerator<string> {
  const ids = prefix === "" ? undefined : await store.idsWithPrefix(prefix, MOST_IDS);
  if (ids?.length === 0) return;
  const filter = { ids, statuses: MEANT[command] };
  const options = { sort: "newest", after: null, limit: MOST_IDS } as const;
  for await (const { id, subject, to } of store.list(filter, options)) {
    yield `${id}\t${oneLine(subject ?? to ?? "").slice(0, SUBJECT_LENGTH)}`;
  }
}

async function* tagsOf(
  store: Pick<Reader, "tagsWithPrefix">,
  { prefix }: Wanted,
): AsyncGenerator<string> {
  const found = await store.tagsWithPrefix(prefix, MOST_TAGS);
  // One that is no line of a terminal cannot be typed either.
  yield* found.filter((tag) => tag === oneLine(tag));
}

/** Without what a terminal would obey: shells show it as it is. */
function oneLine(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, " ");
}
