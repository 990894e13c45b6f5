// Conditions on messages as pieces of SQL. Filters, searches and the statements of all rooms are put
// together from them.

import type { Value } from "./row.ts";

/** A condition on `message` with the values for its placeholders. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly Value[];
}

/** Leaves out what is being staged; of any table with a lane. */
export const VISIBLE = "lane NOT IN (SELECT id FROM batch WHERE state = 'staged')";
