// What relays were found to bear (src/queue/policy/throttle.ts), in the table `relay_limit`, and the
// family of addresses that reaches them. Delivery notes it and reads it at the beginning of a pass;
// the status shows the limits.

import { NO_LIMITS, relaxed, type RelayLimits } from "../../../queue/policy/throttle.ts";
import { toLimits } from "../../sql/rows/relay_rows.ts";
import { certificateKey } from "../../sql/rows/relay_rows.ts";
import { tellLimits } from "../../sql/relay_events.ts";
import { clean, type Connection } from "../db/connection.ts";

/** See Claims.relayLimits. */
export function relayLimits(db: Connection, name: string): RelayLimits {
  const row = db.get("SELECT * FROM relay_limit WHERE relay = ?", name);
  return row === undefined ? NO_LIMITS : toLimits(row);
}

/** What is known of every relay, by its name. */
export function allLimits(db: Connection): Map<string, RelayLimits> {
  const rows = db.all("SELECT * FROM relay_limit ORDER BY relay");
  return new Map(rows.map((row) => [String(row.relay), toLimits(row)]));
}

/** See Claims.noteLimits. */
export async function noteLimits(
  db: Connection,
  name: string,
  limits: RelayLimits,
  now: number,
): Promise<void> {
  await db.write(() => {
    tellLimits(db, name, { before: relaxed(relayLimits(db, name), now), after: limits, now });
    db.run(
      `INSERT OR REPLACE INTO relay_limit (relay, settings, connections, of_connections, rate,
         learned_at, back_offs, since, until, reply) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      name,
      limits.settings,
      limits.connections,
      limits.ofConnections,
      limits.rate,
      limits.learnedAt,
      limits.backOffs,
      limits.since,
      limits.until,
      clean(limits.reply),
    );
  });
}

/** See Claims.noteCertificate. */
export async function noteCertificate(
  db: Connection,
  name: string,
  endsAt: number,
): Promise<void> {
  const [key, value] = [certificateKey(name), String(Math.round(endsAt))];
  if (db.get("SELECT 1 FROM meta WHERE key = ? AND value = ?", key, value) !== undefined) return;
  await db.write(() => {
    db.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", key, value);
  });
}

/** See Claims.relayFamily. */
export function relayFamily(db: Connection, name: string): 4 | 6 | null {
  const family = db.get("SELECT family FROM relay_family WHERE relay = ?", name)?.family;
  return family === 4 || family === 6 ? family : null;
}

/** See Claims.noteFamily. */
export async function noteFamily(db: Connection, name: string, family: 4 | 6): Promise<void> {
  await db.write(() => {
    db.run("INSERT OR REPLACE INTO relay_family (relay, family) VALUES (?, ?)", name, family);
  });
}
