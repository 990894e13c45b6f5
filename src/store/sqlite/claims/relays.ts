// What the queue remembers of relays: their faults in a row, and how much of each rate is used. The
// rules are src/queue/policy's; here they are kept so that all processes share them.

import { HEALTHY, type RelayHealth } from "../../../queue/policy/breaker.ts";
import type { RelayStatus } from "../../../queue/status.ts";
import type { Share, ShareResult } from "../../../queue/ports/claims.ts";
import { type RateUse, takeShare } from "../../../queue/policy/rate.ts";
import { int, number, text } from "../db/columns.ts";
import { clean, type Connection, type Row } from "../db/connection.ts";

const COLUMNS = "name, failures, down_since, open_until, last_error, refusal, hint";

/** See Claims.relayHealth. */
export function relayHealth(db: Connection, name: string): RelayHealth {
  const row = db.get(`SELECT ${COLUMNS} FROM relay WHERE name = ?`, name);
  return row === undefined ? HEALTHY : toHealth(row);
}

/** See Claims.noteRelay. */
export async function noteRelay(
  db: Connection,
  name: string,
  change: (health: RelayHealth) => RelayHealth,
  now: number,
): Promise<RelayHealth> {
  return await db.write(() => {
    const health = change(relayHealth(db, name));
    if (health.failures === 0) db.run("DELETE FROM relay WHERE name = ?", name);
    else {
      db.run(
        `INSERT OR REPLACE INTO relay (${COLUMNS}, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        name,
        health.failures,
        health.downSince,
        health.openUntil,
        clean(health.lastError),
        clean(health.refusal),
        clean(health.hint),
        now,
      );
    }
    return health;
  });
}

/** Ends the pauses of relays that are left alone, or of one of them; what is known of their faults
 *  stays. Resolves to whether there was one. */
export async function useRelaysAgain(
  db: Connection,
  now: number,
  name?: string,
): Promise<boolean> {
  const which = "open_until > ? AND (? IS NULL OR name = ?)";
  const values = [now, name ?? null, name ?? null];
  if (db.get(`SELECT 1 FROM relay WHERE ${which}`, ...values) === undefined) return false;
  return await db.write(() =>
    db.run(`UPDATE relay SET open_until = ? WHERE ${which}`, now, ...values) > 0
  );
}

/** Relays that are not well. */
export function troubledRelays(db: Connection): RelayStatus[] {
  return db.all(`SELECT ${COLUMNS} FROM relay ORDER BY name`)
    .map((row) => ({ name: String(row.name), ...toHealth(row) }));
}

/** See Reader.rateUses. */
export function rateUses(db: Connection): Map<string, RateUse> {
  const rows = db.all("SELECT scope, newest_from, counts FROM rate");
  return new Map(rows.map((row) => [String(row.scope), toUse(row)]));
}

function toHealth(row: Row): RelayHealth {
  return {
    failures: int(row.failures),
    downSince: number(row.down_since),
    openUntil: number(row.open_until),
    lastError: text(row.last_error),
    refusal: text(row.refusal),
    hint: text(row.hint),
  };
}

/** See Claims.takeShares: all shares in one commit, or none. */
export async function takeShares(
  db: Connection,
  shares: readonly Share[],
  now: number,
): Promise<ShareResult> {
  return await db.write(() => {
    const uses: { readonly scope: string; readonly use: RateUse }[] = [];
    for (const { scope, rate } of shares) {
      const row = db.get("SELECT newest_from, counts FROM rate WHERE scope = ?", scope);
      const taken = takeShare(row === undefined ? null : toUse(row), rate, now);
      if (taken.use === null) return { scope, waitMs: taken.waitMs };
      uses.push({ scope, use: taken.use });
    }
    for (const { scope, use } of uses) {
      db.run(
        "INSERT OR REPLACE INTO rate (scope, newest_from, counts) VALUES (?, ?, ?)",
        scope,
        Math.ceil(use.newestFrom),
        JSON.stringify(use.counts),
      );
    }
    return null;
  });
}

function toUse(row: Row): RateUse {
  const counts: unknown = JSON.parse(String(row.counts));
  return {
    newestFrom: int(row.newest_from),
    counts: Array.isArray(counts) ? counts.map(Number) : [],
  };
}
