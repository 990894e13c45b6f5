// The part of the SQLite store that knows of relays: their health, what they are suspected of, pauses
// and rates. A part of its own since the store is long; `SqliteStore` (store.ts) extends it, and every
// module it needs is loaded when it is wanted.

import type { RelayHealth } from "../../queue/policy/breaker.ts";
import type { Pause } from "../../queue/policy/pause.ts";
import type { RelayLimits } from "../../queue/policy/throttle.ts";
import type { Suspicion } from "../../queue/policy/suspicion.ts";
import type { Share, ShareResult } from "../../queue/ports/claims.ts";
import type { Clock } from "../../system/time.ts";
import type { Connection } from "./db/connection.ts";

const load = <Module>(name: string): Promise<Module> => import(import.meta.resolve(`./${name}.ts`));
const loadRelays = () => load<typeof import("./claims/relays.ts")>("claims/relays");
const loadLimits = () => load<typeof import("./claims/limits.ts")>("claims/limits");
const loadSuspicions = () => load<typeof import("./claims/suspicions.ts")>("claims/suspicions");
const loadPauses = () => load<typeof import("./act/pauses.ts")>("act/pauses");

/** See the port `Claims`. */
export abstract class SqliteRelays {
  constructor(readonly db: Connection, readonly clock: Clock) {}

  async relayHealth(name: string): Promise<RelayHealth> {
    const { relayHealth } = await loadRelays();
    return relayHealth(this.db, name);
  }

  async noteRelay(
    name: string,
    change: (health: RelayHealth) => RelayHealth,
  ): Promise<RelayHealth> {
    const { noteRelay } = await loadRelays();
    return await noteRelay(this.db, name, change, this.clock.now());
  }

  async relayLimits(name: string): Promise<RelayLimits> {
    const { relayLimits } = await loadLimits();
    return relayLimits(this.db, name);
  }

  async noteLimits(name: string, limits: RelayLimits): Promise<void> {
    const { noteLimits } = await loadLimits();
    await noteLimits(this.db, name, limits, this.clock.now());
  }

  async relayFamily(name: string): Promise<4 | 6 | null> {
    const { relayFamily } = await loadLimits();
    return relayFamily(this.db, name);
  }

  async noteFamily(name: string, family: 4 | 6): Promise<void> {
    const { noteFamily } = await loadLimits();
    await noteFamily(this.db, name, family);
  }

  async noteCertificate(name: string, endsAt: number): Promise<void> {
    const { noteCertificate } = await loadLimits();
    await noteCertificate(this.db, name, endsAt);
  }

  async forgetRelay(name: string): Promise<void> {
    const { forgetRelay } = await loadRelays();
    await forgetRelay(this.db, name, this.clock.now());
  }

  async requeueAfter(latest: number): Promise<number> {
    const latestOfAll = this.db.get(
      "SELECT max(next_at) AS at FROM message INDEXED BY next_due " +
        "WHERE next_at IS NOT NULL",
    )?.at;
    // Nearly always: what queues it again is not worth loading then.
    if (typeof latestOfAll !== "number" || latestOfAll <= latest) return 0;
    const { requeueAfter } = await load<typeof import("./act/actions.ts")>("act/actions");
    return await requeueAfter(this.db, latest, this.clock.now());
  }

  async suspicions(relay: string): Promise<readonly Suspicion[]> {
    const { suspicions } = await loadSuspicions();
    return suspicions(this.db, relay);
  }

  async noteSuspicion(
    relay: string,
    key: string,
    change: (suspicion: Suspicion | null) => Suspicion | null,
  ): Promise<Suspicion | null> {
    const { noteSuspicion } = await loadSuspicions();
    return await noteSuspicion(this.db, relay, key, change);
  }

  async condemnSuspects(relay: string): Promise<number> {
    const { condemnSuspects } = await loadSuspicions();
    return await condemnSuspects(this.db, relay, this.clock.now());
  }

  async pauses(): Promise<readonly Pause[]> {
    const { allPauses } = await loadPauses();
    return allPauses(this.db);
  }

  async notePause(pause: Pause): Promise<void> {
    const { notePause } = await loadPauses();
    await notePause(this.db, pause, this.clock.now());
  }

  async endPauses(): Promise<void> {
    const { endPauses } = await loadPauses();
    await endPauses(this.db, this.clock.now());
  }

  async takeShares(shares: readonly Share[]): Promise<ShareResult> {
    const { takeShares } = await loadRelays();
    return await takeShares(this.db, shares, this.clock.now());
  }
}
