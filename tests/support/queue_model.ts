import { PRIORITIES, type WholeMessage } from "../../src/queue/message.ts";
import {
  deriveStatus,
  isOpen,
  type MessageStatus,
  type RecipientEvent,
  type RecipientState,
} from "../../src/queue/state.ts";
import { nextState } from "./transitions.ts";

export interface ModelMessage {
  readonly id: string;
  readonly message: WholeMessage;
  readonly states: RecipientState[];
  held: boolean;
  queuedAt: number;
  expiresAt: number | null;
  /** Its send_at had not come when it was last looked at. */
  isScheduled: boolean;
  /** Uncertain attempts in a row. */
  lost: number;
  attempts: number;
  /** When each deferred recipient is due. */
  readonly nextAt: (number | null)[];
  claim: { readonly worker: number; hasBegun: boolean } | null;
}

/** A queue as product.md describes it, in memory: what a store is compared with. */
export class QueueModel {
  messages: ModelMessage[] = [];
  readonly suppressed = new Set<string>();

  enqueue(message: WholeMessage, now: number): void {
    const states = message.recipients.map((address): RecipientState =>
      this.suppressed.has(address) ? "suppressed" : "queued"
    );
    const one: ModelMessage = {
      id: message.id,
      message,
      states,
      held: message.isHeld,
      queuedAt: Math.max(message.createdAt, message.sendAt ?? 0),
      expiresAt: message.expiresAt,
      isScheduled: false,
      lost: 0,
      attempts: 0,
      nextAt: states.map(() => null),
      claim: null,
    };
    if (!one.states.some(isOpen)) one.held = false;
    this.messages.push(one);
    this.#refresh(one, now);
  }

  status(one: ModelMessage): MessageStatus {
    return deriveStatus(one.states, one.held);
  }

  /** Applies an event to a recipient; returns whether it changed anything. */
  apply(one: ModelMessage, n: number, event: RecipientEvent, nextAt: number | null = null) {
    const state = one.states[n];
    const next = state === undefined ? null : nextState(state, event);
    if (next === null) return false;
    one.states[n] = next;
    one.nextAt[n] = next === "deferred" ? nextAt : null;
    // What has come to its end is held no longer.
    if (!one.states.some(isOpen)) one.held = false;
    return true;
  }

  applyAll(one: ModelMessage, event: RecipientEvent): number {
    return one.states.filter((_, n) => this.apply(one, n, event)).length;
  }

  /** The ids that a claim yields, in order; expires and suppresses what it meets. */
  claim(worker: number, limit: number, now: number): string[] {
    for (const one of this.messages) {
      const { sendAt } = one.message;
      if (one.isScheduled && sendAt !== null && sendAt <= now) {
        one.isScheduled = false;
        one.queuedAt = sendAt;
      }
    }
    for (;;) {
      const heads = this.messages
        .filter((one) => this.status(one) === "queued" && !one.isScheduled)
        .sort((a, b) => rank(a) - rank(b) || a.queuedAt - b.queuedAt || this.#place(a, b))
        .slice(0, limit);
      let ended = 0;
      const claimed: string[] = [];
      for (const one of heads) {
        if (one.expiresAt !== null && one.expiresAt <= now) {
          this.applyAll(one, "expire");
          ended++;
          continue;
        }
        for (const [n, address] of one.message.recipients.entries()) {
          if (this.suppressed.has(address)) this.apply(one, n, "suppress");
        }
        if (!one.states.includes("queued")) {
          ended++;
          continue;
        }
        this.applyAll(one, "claim");
        one.claim = { worker, hasBegun: false };
        claimed.push(one.id);
      }
      if (claimed.length > 0 || ended === 0) return claimed;
    }
  }

  #place(a: ModelMessage, b: ModelMessage): number {
    return this.messages.indexOf(a) - this.messages.indexOf(b);
  }

  /** An attempt of a claim: an event for each recipient reached; the rest is queued again. */
  record(
    one: ModelMessage,
    events: readonly (readonly [n: number, event: RecipientEvent, nextAt: number | null])[],
    now: number,
  ): void {
    one.attempts++;
    one.lost = 0;
    for (const [n, event, nextAt] of events) this.apply(one, n, event, nextAt);
    this.applyAll(one, "give_back");
    one.claim = null;
    this.#refresh(one, now);
  }

  giveBack(one: ModelMessage, now: number): void {
    this.applyAll(one, "give_back");
    one.claim = null;
    this.#refresh(one, now);
  }

  /** A worker died; returns how many messages it had. */
  lose(worker: number, now: number): number {
    const had = this.messages.filter((one) => one.claim?.worker === worker);
    for (const one of had) {
      if (one.claim?.hasBegun) {
        one.attempts++;
        one.lost++;
        if (one.lost >= 3) one.held = true;
      }
      this.applyAll(one, "lose");
      one.claim = null;
      one.queuedAt = now;
      this.#refresh(one, now);
    }
    return had.length;
  }

  retry(chosen: readonly ModelMessage[], until: number, now: number): number {
    return chosen.filter((one) => {
      const before = this.status(one);
      const changed = one.nextAt.filter((nextAt, n) =>
        nextAt !== null && nextAt <= until && this.apply(one, n, "retry")
      ).length;
      if (changed > 0) {
        this.#requeue(one, before, now);
      }
      return changed > 0;
    }).length;
  }

  resend(chosen: readonly ModelMessage[], unsentOnly: boolean, now: number): number {
    return chosen.filter((one) => {
      const changed = one.states.filter((state, n) =>
        !(unsentOnly && state === "sent") && this.apply(one, n, "resend")
      ).length;
      if (changed === 0) {
        return false;
      }
      one.queuedAt = now;
      one.lost = 0;
      if (one.expiresAt !== null && one.expiresAt <= now) {
        one.expiresAt = null;
      }
      this.#refresh(one, now);
      return true;
    }).length;
  }

  cancel(chosen: readonly ModelMessage[]): number {
    return chosen.filter((one) => {
      const changed = this.applyAll(one, "cancel") > 0;
      if (changed) one.isScheduled = false;
      return changed;
    }).length;
  }

  hold(chosen: readonly ModelMessage[]): number {
    return chosen.filter((one) => {
      if (one.held || !one.states.some(isOpen)) return false;
      one.isScheduled = false;
      return one.held = true;
    }).length;
  }

  release(chosen: readonly ModelMessage[], now: number): number {
    return chosen.filter((one) => {
      if (!one.held || !one.states.some(isOpen)) return false;
      one.held = false;
      one.lost = 0;
      this.#requeue(one, "held", now);
      return true;
    }).length;
  }

  expireDue(now: number): number {
    return this.messages.filter((one) => {
      const status = this.status(one);
      const isWaiting = status === "queued" || status === "deferred";
      if (!isWaiting || one.expiresAt === null || one.expiresAt > now) return false;
      this.applyAll(one, "expire");
      one.isScheduled = false;
      return true;
    }).length;
  }

  purge(chosen: readonly ModelMessage[], includeOpen: boolean): number {
    const doomed = chosen.filter((one) =>
      one.claim === null && (includeOpen || !one.states.some(isOpen))
    );
    this.messages = this.messages.filter((one) => !doomed.includes(one));
    return doomed.length;
  }

  #requeue(one: ModelMessage, before: MessageStatus, now: number): void {
    if (before !== "queued") one.queuedAt = now;
    this.#refresh(one, now);
  }

  #refresh(one: ModelMessage, now: number): void {
    const { sendAt } = one.message;
    one.isScheduled = this.status(one) === "queued" && sendAt !== null && sendAt > now;
  }
}

function rank(one: ModelMessage): number {
  return PRIORITIES.indexOf(one.message.priority);
}
