// What the queue remembers of relays: their faults in a row, and how much of each rate is used. The
// rules are src/queue/policy's; here they are kept so that all processes share them.

import { HEALTHY, type RelayHealth } from "../../../queue/policy/breaker.ts";
import type { RelayStatus } from "../../../queue/status.ts";
import type { Share, ShareResult } from "../../../queue/ports/claims.ts";
import { type RateUse, takeShare } from "../../../queue/policy/rate.ts";
import {
  RELAY_COLUMNS as COLUMNS,
  relayStatuses,
  toHealth,
  toUse,
} from "../../sql/rows/relay_rows.ts";
import { tellHealth } from "../../sql/relay_events.ts";
import { Counts } from "../../../queue/counters.ts";
import { addCounts } from "../counters/add.ts";
import { clean, type Connection } from "../db/connection.ts";
import { allLimits } from "./limits.ts";

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
    const before = relayHealth(db, name);
    const health = change(before);
    tellHealth(db, name, { before, after: health, now });
    if (health.failures > before.failures) countFault(db, name);
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

/** See Claims.forgetRelay. */
export async function forgetRelay(db: Connection, name: string, now: number): Promise<void> {
  await db.write(() => {
    tellHealth(db, name, { before: relayHealth(db, name), after: HEALTHY, now });
    db.run("DELETE FROM relay WHERE name = ?", name);
    db.run("DELETE FROM relay_limit WHERE relay = ?", name);
  });
}

function countFault(db: Connection, name: string): void {
  const counts = new Counts();
  counts.add("relay_faults", [name]);
  addCounts(db, counts);
}

/** Ends the pauses and back-offs of relays that are left alone, or of one of them; what is known of
 *  their faults and limits stays. Resolves to whether there was one. */
export async function useRelaysAgain(
  db: Connection,
  now: number,
  name?: string,
): Promise<boolean> {
  const values = [now, name ?? null, name ?? null];
  const faulty = "open_until > ? AND (? IS NULL OR name = ?)";
  const throttling = "until > ? AND (? IS NULL OR relay = ?)";
  const isThere = db.get(`SELECT 1 FROM relay WHERE ${faulty}`, ...values) !== undefined ||
    db.get(`SELECT 1 FROM relay_limit WHERE ${throttling}`, ...values) !== undefined;
  if (!isThere) return false;
  return await db.write(() => {
    const left = db.run(`UPDATE relay SET open_until = ? WHERE ${faulty}`, now, ...values);
    const resting = db.run(`UPDATE relay_limit SET until = ? WHERE ${throttling}`, now, ...values);
    return left + resting > 0;
  });
}

/** Relays that are not well, or were found to bear less than the settings would give them. */
export function troubledRelays(db: Connection, now: number): RelayStatus[] {
  const known = new Map(
    db.all(`SELECT ${COLUMNS} FROM relay`).map((row) => [String(row.name), toHealth(row)]),
  );
  return relayStatuses(known, allLimits(db), now);
}

/** See Reader.rateUses. */
export function rateUses(db: Connection): Map<string, RateUse> {
  const rows = db.all("SELECT scope, newest_from, counts FROM rate");
  return new Map(rows.map((row) => [String(row.scope), toUse(row)]));
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
