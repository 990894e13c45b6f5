// What a pass or the service does that is no attempt, for a log: relays that go down or come back,
// senders that are paused, mail that expired or was purged. The round and the housekeeping tell it;
// who listens decides what is done with it.

import type { RelayHealth } from "../queue/policy/breaker.ts";
import type { Pause } from "../queue/policy/pause.ts";
import type { Stall } from "../queue/policy/stall.ts";
import type { RelayLimits } from "../queue/policy/throttle.ts";

export type News =
  | {
    /** `down`: it is at fault. `refusing`: it can be reached and refuses our mail. */
    readonly type: "relay.down" | "relay.refusing";
    readonly relay: string;
    readonly health: RelayHealth;
  }
  | { readonly type: "relay.up"; readonly relay: string }
  | { readonly type: "relay.throttled"; readonly relay: string; readonly limits: RelayLimits }
  | { readonly type: "sender.paused"; readonly pause: Pause }
  | { readonly type: "sender.resumed"; readonly sender: string }
  | { readonly type: "queue.stalled"; readonly stall: Stall }
  | { readonly type: "queue.moving" }
  | {
    readonly type: "message.expired" | "message.purged";
    /** How many messages. */
    readonly count: number;
  };

/** Hears of news once they are on disk. */
export type OnNews = (news: News) => void;
