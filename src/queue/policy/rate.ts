// Rates such as `100/h`: which message may go now, and how long the next one has to wait. Pure: the
// store keeps what was used of a rate, delivery asks it for a share before each message.

/** So many messages in a span of time. */
export interface Rate {
  readonly count: number;
  readonly perMs: number;
}

/** What was used of a rate of late, in slots of a twentieth of its span. */
export interface RateUse {
  /** When the newest slot began, ms since 1970. */
  readonly newestFrom: number;
  /** Messages by slot, the newest first. */
  readonly counts: readonly number[];
}

const SLOTS = 20;

/** Takes one message's share of a rate, or says how long to wait before asking again. The span
 *  slides: no span of `perMs` ever sees more than `count`. (A slot that lies in the span by a part
 *  counts as a whole, so up to a twentieth of the rate stays unused.) */
export function takeShare(
  use: RateUse | null,
  rate: Rate,
  now: number,
): { readonly use: RateUse; readonly waitMs: 0 } | { readonly use: null; readonly waitMs: number } {
  const slotMs = rate.perMs / SLOTS;
  const current = slide(use, { slotMs, now });
  const used = current.counts.reduce((sum, count) => sum + count, 0);
  if (used < rate.count) {
    const [newest = 0, ...older] = current.counts;
    return { use: { ...current, counts: [newest + 1, ...older] }, waitMs: 0 };
  }
  // Room comes when the oldest slot with anything in it has left the span.
  const oldest = current.counts.findLastIndex((count) => count > 0);
  const leavesAt = current.newestFrom + (SLOTS + 1 - oldest) * slotMs;
  return { use: null, waitMs: Math.max(1, Math.ceil(leavesAt - now)) };
}

function slide(
  use: RateUse | null,
  { slotMs, now }: { readonly slotMs: number; readonly now: number },
): RateUse {
  // A clock set back must not keep the mail for as long as it was set back.
  if (use === null || now < use.newestFrom) return { newestFrom: now, counts: [0] };
  const passed = Math.floor((now - use.newestFrom) / slotMs);
  if (passed > SLOTS) return { newestFrom: now, counts: [0] };
  // One slot more than the span has: the oldest may lie in it by a part.
  const counts = [...new Array<number>(passed).fill(0), ...use.counts].slice(0, SLOTS + 1);
  return { newestFrom: use.newestFrom + passed * slotMs, counts };
}

/** How much of a rate is used now: 0 to 1. */
export function usedOf(use: RateUse | null, rate: Rate, now: number): number {
  const { counts } = slide(use, { slotMs: rate.perMs / SLOTS, now });
  return Math.min(1, counts.reduce((sum, count) => sum + count, 0) / rate.count);
}
