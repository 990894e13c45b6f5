// What a filter line may hold: its fields, with what is shown of them while one types. Read by
// filter_text.ts, and by the prompt for completion and hints. Pure.

import { PRIORITIES } from "../../../queue/message.ts";
import { MESSAGE_STATUSES } from "../../../queue/state.ts";

/** The statuses that the screen tells apart. `scheduled` is queued for later; `uncertain` is mail
 *  whose last attempt was cut off, whatever its status. */
export const LISTED_STATUSES = [...MESSAGE_STATUSES, "scheduled", "uncertain"] as const;
export type ListedStatus = typeof LISTED_STATUSES[number];

interface Field {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly operators: readonly string[];
  readonly help: string;
  /** What it may be, where that is known. */
  readonly values?: readonly string[];
}

const TABLE = [
  {
    name: "status",
    operators: [":"],
    help: "one or more, by comma",
    values: LISTED_STATUSES,
  },
  { name: "to", operators: [":"], help: "recipient: an address, @domain, or a part" },
  { name: "from", operators: [":"], help: "sender: an address, @domain, or a part" },
  { name: "subject", aliases: ["subj"], operators: [":"], help: "part of the subject" },
  { name: "err", aliases: ["error"], operators: [":"], help: "part of the last reply or error" },
  { name: "problem", operators: [":"], help: "the number of a problem" },
  { name: "relay", operators: [":"], help: "the relay it was tried by last, or waits for" },
  { name: "tag", operators: [":"], help: "a tag" },
  { name: "id", operators: [":"], help: "the beginning of its id" },
  { name: "key", operators: [":"], help: "part of its key" },
  { name: "priority", operators: [":"], help: "one or more, by comma", values: PRIORITIES },
  {
    name: "last",
    operators: [":"],
    help: "what the last action has changed",
    values: ["action"],
  },
  { name: "age", operators: [">", "<"], help: "older or younger: 30m, 2h, 1d" },
  { name: "size", operators: [">", "<"], help: "larger or smaller: 500, 20k, 1M" },
] as const satisfies readonly Field[];

export type FilterField = typeof TABLE[number]["name"];

export const FIELDS: readonly (Field & { readonly name: FilterField })[] = TABLE;

interface Completion {
  /** The line with the word at its end completed as far as that is certain. */
  readonly text: string;
  /** What the word may become, if that is more than one. */
  readonly choices: readonly string[];
}

/** Completes the word at the end of a filter line. `known`: values that the queue has, by field. */
export function completeFilter(
  line: string,
  known: Readonly<Record<string, readonly string[]>> = {},
): Completion {
  const word = /\S*$/.exec(line)?.[0] ?? "";
  const before = line.slice(0, line.length - word.length);
  const bare = word.replace(/^!/, "");
  const not = word.slice(0, word.length - bare.length);
  const found = wordsFor(bare, known);
  const common = commonBeginning(found);
  const completed = common.length > bare.length ? common : bare;
  // A value is whole; behind a field's sign it goes on.
  const isWhole = found.length === 1 && /[a-z0-9]$/i.test(completed) && completed === found[0];
  return {
    text: before + not + completed + (isWhole ? " " : ""),
    choices: found.length > 1 ? found : [],
  };
}

function wordsFor(word: string, known: Readonly<Record<string, readonly string[]>>): string[] {
  const [, name = "", sign = "", list = "", last = ""] =
    /^([a-z]+)([:<>])((?:[^,]*,)*)([^,]*)$/i.exec(word) ?? [];
  const field = FIELDS.find((one) => one.name === name.toLowerCase());
  if (field === undefined) {
    return FIELDS.flatMap((one) => one.operators.map((operator) => one.name + operator))
      .filter((text) => text.startsWith(word.toLowerCase()));
  }
  const values: readonly string[] = field.values ?? known[field.name] ?? [];
  return values.filter((value) => value.toLowerCase().startsWith(last.toLowerCase()))
    .map((value) => `${name}${sign}${list}${value}`);
}

function commonBeginning([first = "", ...others]: readonly string[]): string {
  let length = first.length;
  for (const other of others) {
    while (!other.startsWith(first.slice(0, length))) length--;
  }
  return first.slice(0, length);
}

/** What is told of the word at the end of a line while it is typed. */
export function filterHint(line: string): string {
  const word = (/\S*$/.exec(line)?.[0] ?? "").replace(/^!/, "").toLowerCase();
  const name = /^[a-z]+/.exec(word)?.[0] ?? "";
  const field = FIELDS.find((one) => one.name === name);
  if (field !== undefined && word.length > name.length) {
    const values = field.values === undefined ? "" : `: ${field.values.join(" ")}`;
    return `${field.help}${values}`;
  }
  const names = FIELDS.map((one) => one.name + one.operators.join(""))
    .filter((text) => text.startsWith(word));
  return names.length === 0
    ? "words of subject, addresses or Message-ID, or an id"
    : `${names.join(" ")}  ! negates`;
}
