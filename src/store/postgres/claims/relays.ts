// What the queue remembers of relays: faults, what they were found to bear, how much of each rate is
// used. The rules are src/queue/policy's; here they are kept so that all processes share them.

import { HEALTHY, type RelayHealth } from "../../../queue/policy/breaker.ts";
import { type RateUse, takeShare } from "../../../queue/policy/rate.ts";
import { NO_LIMITS, relaxed, type RelayLimits } from "../../../queue/policy/throttle.ts";
import type { Share, ShareResult } from "../../../queue/ports/claims.ts";
import type { RelayStatus } from "../../../queue/status.ts";
import { tellHealth, tellLimits } from "../../sql/relay_events.ts";
import {
  certificateKey,
  RELAY_COLUMNS,
  relayStatuses,
  toHealth,
  toLimits,
  toUse,
} from "../../sql/rows/relay_rows.ts";
import type { Database } from "../db/connection.ts";
import type { Sql } from "../db/transaction.ts";

/** Two writers of one relay's row come one after the other, also where there is no row yet. */
async function lockName(tx: Sql, name: string): Promise<void> {
  await tx.all("SELECT pg_advisory_xact_lock(1835101557, hashtext(?))", name);
}

/** See Claims.relayHealth. */
export async function relayHealth(sql: Sql, name: string): Promise<RelayHealth> {
  const row = await sql.get(`SELECT ${RELAY_COLUMNS} FROM relay WHERE name = ?`, name);
  return row === undefined ? HEALTHY : toHealth(row);
}

/** See Claims.noteRelay. */
export async function noteRelay(
  db: Database,
  name: string,
  change: (health: RelayHealth) => RelayHealth,
  now: number,
): Promise<RelayHealth> {
  return await db.write(async (tx) => {
    await lockName(tx, `relay:${name}`);
    const before = await relayHealth(tx, name);
    const health = change(before);
    tellHealth(tx, name, { before, after: health, now });
    if (health.failures > before.failures) tx.counts.add("relay_faults", [name]);
    await tx.run("DELETE FROM relay WHERE name = ?", name);
    if (health.failures > 0) {
      await tx.run(
        `INSERT INTO relay (${RELAY_COLUMNS}, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        name,
        health.failures,
        health.downSince,
        health.openUntil,
        health.lastError,
        health.refusal,
        health.hint,
        now,
      );
    }
    return health;
  });
}

/** See Claims.relayLimits. */
export async function relayLimits(sql: Sql, name: string): Promise<RelayLimits> {
  const row = await sql.get("SELECT * FROM relay_limit WHERE relay = ?", name);
  return row === undefined ? NO_LIMITS : toLimits(row);
}

/** See Claims.noteLimits. */
export async function noteLimits(
  db: Database,
  name: string,
  limits: RelayLimits,
  now: number,
): Promise<void> {
  await db.write(async (tx) => {
    await lockName(tx, `limit:${name}`);
    const before = relaxed(await relayLimits(tx, name), now);
    tellLimits(tx, name, { before, after: limits, now });
    await tx.run("DELETE FROM relay_limit WHERE relay = ?", name);
    await tx.run(
      `INSERT INTO relay_limit (relay, settings, connections, of_connections, rate, learned_at,
         back_offs, since, until, reply) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      name,
      limits.settings,
      limits.connections,
      limits.ofConnections,
      limits.rate,
      limits.learnedAt,
      limits.backOffs,
      limits.since,
      limits.until,
      limits.reply,
    );
  });
}

/** See Claims.relayFamily. */
export async function relayFamily(sql: Sql, name: string): Promise<4 | 6 | null> {
  const row = await sql.get("SELECT family FROM relay_family WHERE relay = ?", name);
  return row?.family === 4 || row?.family === 6 ? row.family : null;
}

/** See Claims.noteFamily. */
export async function noteFamily(db: Database, name: string, family: 4 | 6): Promise<void> {
  await db.run(
    `INSERT INTO relay_family (relay, family) VALUES (?, ?)
     ON CONFLICT (relay) DO UPDATE SET family = excluded.family`,
    name,
    family,
  );
}

/** See Claims.noteCertificate. */
export async function noteCertificate(db: Database, name: string, endsAt: number): Promise<void> {
  const [key, value] = [certificateKey(name), String(Math.round(endsAt))];
  const known = await db.get("SELECT 1 FROM meta WHERE key = ? AND value = ?", key, value);
  if (known !== undefined) return;
  await db.run(
    "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    key,
    value,
  );
}

/** See Claims.forgetRelay. */
export async function forgetRelay(db: Database, name: string, now: number): Promise<void> {
  await db.write(async (tx) => {
    await lockName(tx, `relay:${name}`);
    tellHealth(tx, name, { before: await relayHealth(tx, name), after: HEALTHY, now });
    await tx.run("DELETE FROM relay WHERE name = ?", name);
    await tx.run("DELETE FROM relay_limit WHERE relay = ?", name);
  });
}

/** Ends the pauses and back-offs of relays that are left alone, or of one of them; what is known of
 *  their faults and limits stays. Resolves to whether there was one. */
export async function useRelaysAgain(db: Database, now: number, name?: string): Promise<boolean> {
  const one = name ?? null;
  return await db.write(async (tx) => {
    const left = await tx.run(
      `UPDATE relay SET open_until = ? WHERE open_until > ? AND (?::text IS NULL OR name = ?)`,
      now,
      now,
      one,
      one,
    );
    const resting = await tx.run(
      `UPDATE relay_limit SET until = ? WHERE until > ? AND (?::text IS NULL OR relay = ?)`,
      now,
      now,
      one,
      one,
    );
    return left + resting > 0;
  });
}

/** Relays that are not well, or were found to bear less than the settings would give them. */
export async function troubledRelays(sql: Sql, now: number): Promise<RelayStatus[]> {
  const [relays, limits] = await Promise.all([
    sql.all(`SELECT ${RELAY_COLUMNS} FROM relay`),
    sql.all("SELECT * FROM relay_limit"),
  ]);
  return relayStatuses(
    new Map(relays.map((row) => [String(row.name), toHealth(row)])),
    new Map(limits.map((row) => [String(row.relay), toLimits(row)])),
    now,
  );
}

/** See Reader.rateUses. */
export async function rateUses(sql: Sql): Promise<Map<string, RateUse>> {
  const rows = await sql.all("SELECT scope, newest_from, counts FROM rate");
  return new Map(rows.map((row) => [String(row.scope), toUse(row)]));
}

/** See Claims.takeShares: all shares in one commit, or none. */
export async function takeShares(
  db: Database,
  shares: readonly Share[],
  now: number,
): Promise<ShareResult> {
  return await db.write(async (tx) => {
    // In one order, or two who take the same would wait for each other.
    for (const scope of [...new Set(shares.map((share) => share.scope))].sort()) {
      await lockName(tx, `rate:${scope}`);
    }
    const uses: { readonly scope: string; readonly use: RateUse }[] = [];
    for (const { scope, rate } of shares) {
      const row = await tx.get("SELECT newest_from, counts FROM rate WHERE scope = ?", scope);
      const taken = takeShare(row === undefined ? null : toUse(row), rate, now);
      if (taken.use === null) return { scope, waitMs: taken.waitMs };
      uses.push({ scope, use: taken.use });
    }
    for (const { scope, use } of uses) {
      await tx.run(
        `INSERT INTO rate (scope, newest_from, counts) VALUES (?, ?, ?) ON CONFLICT (scope)
         DO UPDATE SET newest_from = excluded.newest_from, counts = excluded.counts`,
        scope,
        Math.ceil(use.newestFrom),
        JSON.stringify(use.counts),
      );
    }
    return null;
  });
}
