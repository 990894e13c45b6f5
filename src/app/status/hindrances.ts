// What keeps a queued message from going out with the next pass: a pause, a relay that is down or
// refuses, a rate that is used up. Called by `list`, `show` and `send --dry-run` for the reason they
// show; passes find out for themselves (src/delivery/outlets).

import type { RelaySettings } from "../../config/tables/relays.ts";
import type { Settings } from "../../config/settings.ts";
import { formatMoment } from "../../display/timestamps.ts";
import type { MessageSummary } from "../../queue/message.ts";
import { isLeftAlone } from "../../queue/policy/breaker.ts";
import type { Pause, PausedPart } from "../../queue/policy/pause.ts";
import { type Rate, type RateUse, takeShare } from "../../queue/policy/rate.ts";
import { restsUntil } from "../../queue/policy/throttle.ts";
import { relaysFor } from "../../queue/policy/route.ts";
import type { Store } from "../../queue/ports/store.ts";
import type { QueueStatus, RelayStatus } from "../../queue/status.ts";
import { describePart } from "../pause/part.ts";

/** What is looked at. */
interface Surroundings {
  readonly settings: Pick<Settings, "relays" | "routes" | "ratePerDomain">;
  readonly status: Pick<QueueStatus, "paused" | "pauses" | "relays">;
  readonly rateUses: ReadonlyMap<string, RateUse>;
  readonly now: number;
}

/** What matters of a message. */
type Envelope = Pick<MessageSummary, "sender" | "firstRecipient" | "tags">;

/** The hindrances of one moment. */
export class Hindrances {
  constructor(readonly around: Surroundings) {}

  /** What keeps a queued message back, in words; null if the next pass takes it. Of several
   *  recipients the first one counts. */
  of({ sender, firstRecipient, tags }: Envelope): string | null {
    if (this.around.status.paused !== null) return "the queue is paused";
    const domain = domainOf(firstRecipient);
    const pause = this.#pauseOf([
      { scope: "sender", value: sender.toLowerCase() },
      ...tags.map((value) => ({ scope: "tag", value }) as const),
      { scope: "domain", value: domain },
    ]);
    if (pause !== null) return this.#describe(pause);
    const { settings } = this.around;
    const names = relaysFor(settings.routes, { sender, recipient: firstRecipient });
    const blocked: string[] = [];
    for (const name of names) {
      const trouble = this.ofRelay(name);
      if (trouble === null) {
        const relay = settings.relays.find((one) => one.name === name);
        return this.#usedUpRate(relay, domain);
      }
      blocked.push(trouble);
    }
    return blocked.join("; ");
  }

  #pauseOf(parts: readonly PausedPart[]): Pause | null {
    const { pauses } = this.around.status;
    return pauses.find((pause) =>
      parts.some(({ scope, value }) => pause.scope === scope && pause.value === value)
    ) ?? null;
  }

  #describe(pause: Pause): string {
    const { reason, until } = pause;
    return `${describePart(pause)} is paused` +
      (until === null ? "" : ` until ${formatMoment(until, this.around.now)}`) +
      (reason === null ? "" : `: ${reason}`);
  }

  /** Why a relay is not used now; null if it is. */
  ofRelay(name: string): string | null {
    const { status, now } = this.around;
    const pause = this.#pauseOf([{ scope: "relay", value: name }]);
    if (pause !== null) return this.#describe(pause);
    const relay = status.relays.find((one) => one.name === name);
    if (relay === undefined) return null;
    const restsTill = relay.limits === null ? null : restsUntil(relay.limits, now);
    if (restsTill !== null) {
      return `the relay ${name} wants its mail more slowly: ${relay.limits?.reply ?? "unknown"}` +
        `; tried again ${formatMoment(restsTill, now)}`;
    }
    return isLeftAlone(relay, now) ? describeRelay(relay, now) : null;
  }

  #usedUpRate(relay: RelaySettings | undefined, domain: string): string | null {
    const { settings: { ratePerDomain }, rateUses, now } = this.around;
    const rates: readonly [string, string, Rate | null][] = [
      [`relay:${relay?.name}`, `the relay ${relay?.name}`, relay?.rate ?? null],
      [`domain:${domain}`, `the domain ${domain}`, ratePerDomain],
    ];
    for (const [scope, whose, rate] of rates) {
      if (rate === null) continue;
      const { waitMs } = takeShare(rateUses.get(scope) ?? null, rate, now);
      if (waitMs > 0) {
        return `the rate of ${whose} is used up until ${formatMoment(now + waitMs, now)}`;
      }
    }
    return null;
  }
}

/** A relay that is left alone, in words: `the relay bulk is down: …; tried again 12:29:31`. */
function describeRelay(relay: RelayStatus, now: number): string {
  const { name, refusal, lastError, openUntil } = relay;
  return `the relay ${name} ${refusal === null ? "is down" : "refuses our mail"}` +
    `: ${lastError ?? "unknown"}` +
    (openUntil === null ? "" : `; tried again ${formatMoment(openUntil, now)}`);
}

/** Reads the hindrances of this moment from the queue. */
export async function readHindrances(
  store: Pick<Store, "status" | "rateUses">,
  settings: Settings,
  now: number,
): Promise<Hindrances> {
  const hasRate = settings.ratePerDomain !== null ||
    settings.relays.some(({ rate }) => rate !== null);
  return new Hindrances({
    settings,
    status: await store.status(),
    rateUses: hasRate ? await store.rateUses() : new Map(),
    now,
  });
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1).toLowerCase();
}
