// The do-not-send list: putting addresses on it, taking them off, reading it. Who looks an address
// up before sending is take_in/enqueue.ts and claims/claim.ts.

import type { Suppression } from "../../../queue/ports/reader.ts";
import { int, text } from "../../sql/columns.ts";
import type { Connection } from "../db/connection.ts";

const STEP = 1_000;

/** See Operator.suppress: returns how many were not listed before. */
export async function suppress(
  db: Connection,
  addresses: readonly string[],
  reason: string | null,
  now: number,
): Promise<number> {
  let added = 0;
  for (let from = 0; from < addresses.length; from += STEP) {
    added += await db.write(() =>
      addresses.slice(from, from + STEP).reduce(
        (sum, address) => sum + suppressOne(db, { address, reason, now }),
        0,
      )
    );
  }
  return added;
}

/** Lists one address; runs inside a write. Returns 0 if it was listed. */
export function suppressOne(
  db: Connection,
  { address, reason, now }: {
    readonly address: string;
    readonly reason: string | null;
    readonly now: number;
  },
): number {
  const listed = address.toLowerCase();
  const added = db.run("INSERT OR IGNORE INTO suppression VALUES (?, ?, ?)", listed, reason, now);
  if (added > 0) db.tell({ type: "suppression.added", address: listed, reason }, now);
  return added;
}

/** See Operator.unsuppress: returns how many were listed. */
export async function unsuppress(
  db: Connection,
  addresses: readonly string[],
  now: number,
): Promise<number> {
  return await db.write(() =>
    addresses.reduce((sum, address) => sum + unsuppressOne(db, address.toLowerCase(), now), 0)
  );
}

function unsuppressOne(db: Connection, address: string, now: number): number {
  const removed = db.run("DELETE FROM suppression WHERE address = ?", address);
  if (removed > 0) db.tell({ type: "suppression.removed", address }, now);
  return removed;
}

/** See Reader.suppressions: in order of address. */
export async function* suppressions(db: Connection): AsyncIterable<Suppression> {
  let after = "";
  for (;;) {
    const rows = await db.all(
      "SELECT * FROM suppression WHERE address > ? ORDER BY address LIMIT 1000",
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
