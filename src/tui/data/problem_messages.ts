// Which messages are part of a problem: found by a walk over all that is not sent, and kept for as
// long as an operator works on them. Called by store_data.ts for filters that name a problem.

import type { Reader } from "../../queue/ports/reader.ts";
import { politely } from "./views/problems.ts";

/** The walk is made anew after this many times what it takes: a list that is kept up to date does not
 *  walk all the time. */
const REST = 10;
const LEAST_REST_MS = 2_000;

interface Found {
  readonly ids: readonly string[];
  readonly until: number;
}

export class ProblemMessages {
  readonly #found = new Map<number, Found>();

  constructor(readonly store: Pick<Reader, "unsent">) {}

  /** The ids of the problem's messages; none if there is no such problem (any more). What joined it in
   *  the last seconds may be missing; where they are to be acted on (`isKept`), all that joined it
   *  since they were counted. */
  async idsOf(
    problem: number,
    { isKept }: { readonly isKept: boolean },
  ): Promise<readonly string[]> {
    const known = this.#found.get(problem);
    if (known !== undefined && (isKept || performance.now() < known.until)) return known.ids;
    const { problemMessages }: typeof import("../../app/problems/groups.ts") = await import(
      import.meta.resolve("../../app/problems/groups.ts")
    );
    const startedAt = performance.now();
    const ids = await problemMessages({ unsent: () => politely(this.store.unsent()) }, problem);
    const now = performance.now();
    const until = now + Math.max(LEAST_REST_MS, (now - startedAt) * REST);
    // Those of other problems are not needed any more.
    this.#found.clear();
    this.#found.set(problem, { ids, until });
    return ids;
  }
}
