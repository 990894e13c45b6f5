// From ids, their unique beginnings and conditions to a filter the store knows. Called by every
// command that acts on messages it is told of. Which flags there are is the command line's.

import { MailqError } from "../queue/errors.ts";
import { ID_LENGTH, normaliseId } from "../queue/ids.ts";
import type { Filter } from "../queue/filter.ts";
import type { Reader } from "../queue/ports/reader.ts";

/** What finds whole ids by their beginnings. */
type Ids = Pick<Reader, "idsWithPrefix">;

/** Conditions as people give them. */
export interface Conditions extends Filter {
  /** The number of a problem. */
  readonly problem?: number;
}

/** The messages that meet the conditions; where ids are given, only those of them. The messages of a
 *  problem are looked up now: what joins it later is not meant. Throws `usage` as `resolveId` does, and
 *  where there is no such problem. */
export async function selectMessages(
  store: Ids & Pick<Reader, "unsent">,
  ids: readonly string[],
  { problem, ...conditions }: Conditions,
): Promise<Filter> {
  const filter = problem === undefined
    ? conditions
    : { ...conditions, and: [{ ids: await idsOfProblem(store, problem) }] };
  return ids.length === 0 ? filter : { ...filter, ids: await resolveIds(store, ids) };
}

async function idsOfProblem(store: Pick<Reader, "unsent">, number: number): Promise<string[]> {
  const { problemMessages }: typeof import("./problems/groups.ts") = await import(
    import.meta.resolve("./problems/groups.ts")
  );
  const ids = await problemMessages(store, number);
  if (ids.length > 0) return ids;
  throw new MailqError(
    "usage",
    `Cannot find the problem ${number}: \`mailq problems\` lists what there is`,
  );
}

/** Whole ids, in the order given. Throws `usage` as `resolveId` does. */
export async function resolveIds(store: Ids, ids: readonly string[]): Promise<string[]> {
  const whole: string[] = [];
  for (const text of ids) whole.push(await resolveId(store, text));
  return whole;
}

/** Messages that an error about a beginning names, at most. */
const CANDIDATES = 10;

/** The whole id for an id or its unique beginning. Throws `usage` naming the candidates. */
export async function resolveId(store: Ids, text: string): Promise<string> {
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
