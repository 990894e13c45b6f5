// The part of the PostgreSQL store that knows of relays: their health, what they are suspected of,
// pauses and rates. A part of its own since the store is long; `PostgresStore` (store.ts) extends it.

import type { RelayHealth } from "../../queue/policy/breaker.ts";
import type { Pause } from "../../queue/policy/pause.ts";
import type { RateUse } from "../../queue/policy/rate.ts";
import type { Suspicion } from "../../queue/policy/suspicion.ts";
import type { RelayLimits } from "../../queue/policy/throttle.ts";
import type { Share, ShareResult } from "../../queue/ports/claims.ts";
import type { Clock } from "../../system/time.ts";
import { requeueAfter } from "./act/actions.ts";
import { allPauses, endPauses, notePause } from "./act/pauses.ts";
import {
  forgetRelay,
  noteCertificate,
  noteFamily,
  noteLimits,
  noteRelay,
  rateUses,
  relayFamily,
  relayHealth,
  relayLimits,
  takeShares,
} from "./claims/relays.ts";
import { condemnSuspects, noteSuspicion, suspicions } from "./claims/suspicions.ts";
import type { Database } from "./db/connection.ts";

/** See the port `Claims`. */
export abstract class PostgresRelays {
  constructor(readonly db: Database, readonly clock: Clock) {}

  relayHealth(name: string): Promise<RelayHealth> {
    return relayHealth(this.db, name);
  }

  noteRelay(name: string, change: (health: RelayHealth) => RelayHealth): Promise<RelayHealth> {
    return noteRelay(this.db, name, change, this.clock.now());
  }

  relayLimits(name: string): Promise<RelayLimits> {
    return relayLimits(this.db, name);
  }

  noteLimits(name: string, limits: RelayLimits): Promise<void> {
    return noteLimits(this.db, name, limits, this.clock.now());
  }

  relayFamily(name: string): Promise<4 | 6 | null> {
    return relayFamily(this.db, name);
  }

  noteFamily(name: string, family: 4 | 6): Promise<void> {
    return noteFamily(this.db, name, family);
  }

  noteCertificate(name: string, endsAt: number): Promise<void> {
    return noteCertificate(this.db, name, endsAt);
  }

  forgetRelay(name: string): Promise<void> {
    return forgetRelay(this.db, name, this.clock.now());
  }

  requeueAfter(latest: number): Promise<number> {
    return requeueAfter(this.db, latest, this.clock.now());
  }

  suspicions(relay: string): Promise<readonly Suspicion[]> {
    return suspicions(this.db, relay);
  }

  noteSuspicion(
    relay: string,
    key: string,
    change: (suspicion: Suspicion | null) => Suspicion | null,
  ): Promise<Suspicion | null> {
    return noteSuspicion(this.db, relay, key, change);
  }

  condemnSuspects(relay: string): Promise<number> {
    return condemnSuspects(this.db, relay, this.clock.now());
  }

  pauses(): Promise<readonly Pause[]> {
    return allPauses(this.db);
  }

  notePause(pause: Pause): Promise<void> {
    return notePause(this.db, pause, this.clock.now());
  }

  endPauses(): Promise<void> {
    return endPauses(this.db, this.clock.now());
  }

  takeShares(shares: readonly Share[]): Promise<ShareResult> {
    return takeShares(this.db, shares, this.clock.now());
  }

  rateUses(): Promise<ReadonlyMap<string, RateUse>> {
    return rateUses(this.db);
  }
}
