// The do-not-send list: putting addresses on it, taking them off, reading it. Who looks an address
// up before sending is take_in/enqueue.ts and claims/claim.ts.

import type { Suppression } from "../../../queue/ports/reader.ts";
import { int, text } from "../../sql/columns.ts";
import type { Database } from "../db/connection.ts";
import { json, type Sql } from "../db/transaction.ts";

const STEP = 1_000;
const PAGE = 1_000;

/** See Operator.suppress: resolves to how many were not listed before. */
export async function suppress(
  db: Database,
  addresses: readonly string[],
  reason: string | null,
  now: number,
): Promise<number> {
  return await inSteps(addresses, (some) =>
    db.write(async (tx) => {
      const added = await tx.all(
        `INSERT INTO suppression (address, reason, created_at)
         SELECT DISTINCT jsonb_array_elements_text(?::jsonb), ?, ?::bigint
         ON CONFLICT DO NOTHING RETURNING address`,
        some,
        reason,
        now,
      );
      for (const { address } of added) {
        tx.tell({ type: "suppression.added", address: String(address), reason }, now);
      }
      return added.length;
    }));
}

/** See Operator.unsuppress: resolves to how many were listed. */
export async function unsuppress(
  db: Database,
  addresses: readonly string[],
  now: number,
): Promise<number> {
  return await inSteps(addresses, (some) =>
    db.write(async (tx) => {
      const removed = await tx.all(
        `DELETE FROM suppression WHERE address IN (SELECT jsonb_array_elements_text(?::jsonb))
         RETURNING address`,
        some,
      );
      for (const { address } of removed) {
        tx.tell({ type: "suppression.removed", address: String(address) }, now);
      }
      return removed.length;
    }));
}

async function inSteps(
  addresses: readonly string[],
  act: (some: string) => Promise<number>,
): Promise<number> {
  let sum = 0;
  for (let from = 0; from < addresses.length; from += STEP) {
    const some = addresses.slice(from, from + STEP).map((address) => address.toLowerCase());
    sum += await act(json(some));
  }
  return sum;
}

/** See Reader.suppressions: in order of address. */
export async function* suppressions(sql: Sql): AsyncIterable<Suppression> {
  for (let after = "";;) {
    const rows = await sql.all(
      `SELECT * FROM suppression WHERE address > ? ORDER BY address LIMIT ${PAGE}`,
      after,
    );
    for (const row of rows) {
      yield {
        address: String(row.address),
        reason: text(row.reason),
        createdAt: int(row.created_at),
      };
    }
    const last = rows.at(-1);
    if (last === undefined) return;
    after = String(last.address);
  }
}
