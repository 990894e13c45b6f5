// Turns `?` of our statements into PostgreSQL's `$1`, `$2` …, so that pieces of SQL are put together
// in the same way for both stores.

const KNOWN = 2_000;
const known = new Map<string, string>();

/** The statement with its placeholders numbered. No statement of ours has a `?` that means another
 *  thing. */
export function numbered(sql: string): string {
  const found = known.get(sql);
  if (found !== undefined) return found;
  let n = 0;
  const result = sql.replace(/\?/g, () => `$${++n}`);
  // Statements made of a filter may be many.
  if (known.size < KNOWN) known.set(sql, result);
  return result;
}
