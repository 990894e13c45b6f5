// Rows of what is known of relays: faults, limits, rates, suspicions. The stores' claims/ read and
// write them.

import { HEALTHY, type RelayHealth } from "../../../queue/policy/breaker.ts";
import type { RateUse } from "../../../queue/policy/rate.ts";
import type { Suspect, Suspicion } from "../../../queue/policy/suspicion.ts";
import { relaxed, type RelayLimits } from "../../../queue/policy/throttle.ts";
import type { RelayStatus } from "../../../queue/status.ts";
import { int, number, text } from "../columns.ts";
import { listOf } from "../damage.ts";
import type { Row } from "../row.ts";

/** The columns of `relay` that `toHealth` reads, behind its name. */
export const RELAY_COLUMNS = "name, failures, down_since, open_until, last_error, refusal, hint";

export function toHealth(row: Row): RelayHealth {
  return {
    failures: int(row.failures),
    downSince: number(row.down_since),
    openUntil: number(row.open_until),
    lastError: text(row.last_error),
    refusal: text(row.refusal),
    hint: text(row.hint),
  };
}

export function toLimits(row: Row): RelayLimits {
  return {
    settings: text(row.settings),
    connections: number(row.connections),
    ofConnections: number(row.of_connections),
    rate: number(row.rate),
    learnedAt: number(row.learned_at),
    backOffs: int(row.back_offs),
    since: number(row.since),
    until: number(row.until),
    reply: text(row.reply),
  };
}

/** Relays that are not well, or were found to bear less than the settings would give them. */
export function relayStatuses(
  known: ReadonlyMap<string, RelayHealth>,
  allLimits: ReadonlyMap<string, RelayLimits>,
  now: number,
): RelayStatus[] {
  const limits = new Map(
    [...allLimits].map(([name, one]): [string, RelayLimits] => [name, relaxed(one, now)])
      .filter(([, one]) => one.connections !== null || one.rate !== null || one.backOffs > 0),
  );
  return [...new Set([...known.keys(), ...limits.keys()])].sort().map((name) => ({
    name,
    ...(known.get(name) ?? HEALTHY),
    limits: limits.get(name) ?? null,
  }));
}

export function toUse(row: Row): RateUse {
  const counts: unknown = JSON.parse(String(row.counts));
  return {
    newestFrom: int(row.newest_from),
    counts: Array.isArray(counts) ? counts.map(Number) : [],
  };
}

export function toSuspicion(row: Row): Suspicion {
  return {
    key: String(row.key),
    text: String(row.reply),
    since: int(row.since),
    suspects: listOf(row.suspects, { whose: `the suspicion of ${row.relay}`, what: "list" }).map(
      toSuspect,
    ),
  };
}

function toSuspect(value: unknown): Suspect {
  const field = (name: string): unknown =>
    typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
  const list = (name: string): readonly unknown[] => {
    const items = field(name);
    return Array.isArray(items) ? items : [];
  };
  return {
    seq: Number(field("seq")),
    recipients: list("recipients").map(Number),
    addresses: list("addresses").map(String),
    times: Number(field("times")),
  };
}

const CERTIFICATE = "certificate_ends:";

/** Where in `meta` it stands when a relay's certificate ends. */
export function certificateKey(relay: string): string {
  return CERTIFICATE + relay;
}

/** The rows of `meta` that say so. */
export const CERTIFICATES = `SELECT key, value FROM meta WHERE key LIKE '${CERTIFICATE}%'`;

/** When the certificates of relays end, by their names. */
export function certificateEnds(rows: readonly Row[]): Map<string, number> {
  return new Map(
    rows.map(({ key, value }) => [String(key).slice(CERTIFICATE.length), Number(value)]),
  );
}
