import type { Claim } from "../queue/message.ts";
import type { Clock, Store } from "../queue/ports.ts";
import type { Postponed, WorkerHandle } from "../queue/worker.ts";
import type { Group } from "./groups.ts";
import type { RelayLine } from "./relay_line.ts";

/** Mail for relays of which no more is known than that they are no use is looked at again then. */
const LATER_MS = 60_000;

/** Gathers what has to wait for its relay or its rate, and defers it untried. */
export class Postponer {
  #postponed: Postponed[] = [];

  constructor(
    readonly store: Store,
    readonly worker: WorkerHandle,
    readonly lines: readonly RelayLine[],
    readonly clock: Clock,
  ) {}

  /** Recipients of a claim none of whose relays is any use. */
  add(claim: Claim, groups: readonly Group[]): void {
    for (const { relays, recipients } of groups) {
      this.#postponed.push({
        claim,
        recipients: recipients.map(({ n }) => n),
        ...this.#whenUsable(relays),
      });
    }
  }

  /** All of a claim. */
  addUntil(claim: Claim, until: number, reason: string): void {
    this.#postponed.push({ claim, recipients: claim.recipients.map(({ n }) => n), until, reason });
  }

  async flush(): Promise<void> {
    const postponed = this.#postponed;
    this.#postponed = [];
    if (postponed.length > 0) await this.store.postpone(postponed, this.worker);
  }

  #whenUsable(relays: readonly string[]): { readonly until: number; readonly reason: string } {
    const lines = this.lines.filter((line) => relays.includes(line.name));
    const times = lines.flatMap((line) => line.health.openUntil ?? []);
    const now = this.clock.now();
    return {
      until: Math.max(now, times.length > 0 ? Math.min(...times) : now + LATER_MS),
      reason: lines.map((line) => `the relay ${line.name} is left alone: ${line.error}`)
        .join("; ") || `no relay is called ${relays.join(" or ")}`,
    };
  }
}
