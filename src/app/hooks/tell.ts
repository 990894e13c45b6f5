// Tells one hook of the events that it was not told of yet: in their order, each at least once, by one
// process at a time. Called for `run` by tellers.ts and for `send` by at_end.ts; how a batch is handed
// over is deliver.ts's.

// Its place is kept in the queue after each batch. A process that dies in between has told a batch that
// the next one tells again; who must not act twice looks at the events' numbers, or at webhook-id.

import type { HookSettings } from "../../config/tables/hooks.ts";
import { eventJson, type NumberedEvent } from "../../queue/event.ts";
import type { EventLog } from "../../queue/ports/events.ts";
import type { Hooks, HookState } from "../../queue/ports/hooks.ts";
import { HOOK_TAG } from "../enqueue/options.ts";
import type { DeliveryTools } from "./batch.ts";
import { deliver } from "./deliver.ts";

export interface TellTools extends DeliveryTools {
  readonly store: EventLog & Hooks;
  /** Told when the hook begins to fail, and when it is well again. */
  readonly onTurn?: (text: string) => void;
}

/** How a hook was left: told of everything, failing until `at`, or another process has it. */
export type TellEnd =
  | { readonly kind: "told"; readonly upTo: number }
  | { readonly kind: "failing"; readonly until: number }
  | { readonly kind: "elsewhere" }
  | { readonly kind: "stopped" };

const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 60 * 60_000;
const GROWTH = 3;
/** Events that no hook is told of move its place on by so many at least. */
const MOVE_EVENTS = 1_000;

/** Tells until nothing is left, the hook fails, or `signal`. Rejects as the store does. */
export async function tellHook(
  hook: HookSettings,
  tools: TellTools,
  signal: AbortSignal,
): Promise<TellEnd> {
  const lock = await tools.store.takeHook(hook.name);
  if (lock === null) return { kind: "elsewhere" };
  try {
    return await new Telling(hook, tools, signal).run();
  } finally {
    lock.release();
  }
}

class Telling {
  /** Events that are read and not told. */
  #ahead: NumberedEvent[] = [];
  /** Up to here everything was read. */
  #readTo = 0;
  #isAtEnd = false;

  constructor(
    readonly hook: HookSettings,
    readonly tools: TellTools,
    readonly signal: AbortSignal,
  ) {}

  async run(): Promise<TellEnd> {
    const { tools: { clock, onTurn }, hook: { name }, signal } = this;
    for (let state = await this.#begin(); !signal.aborted;) {
      const { nextAt } = state;
      // A time further ahead than the longest wait was set by another clock.
      const isWaiting = nextAt !== null && nextAt > clock.now() &&
        nextAt <= clock.now() + LONGEST_AFTER_MS;
      if (isWaiting) return { kind: "failing", until: nextAt };
      await this.#readAhead(state);
      const events = this.#nextBatch(state);
      const last = events.at(-1);
      if (last === undefined) {
        if (this.#readTo - state.position >= MOVE_EVENTS) {
          await this.#note({ ...state, position: this.#readTo }, state);
        }
        return { kind: "told", upTo: this.#readTo };
      }
      const batch = { id: await this.#idOf(events), events: events.map(eventJson) };
      const refused = await deliver(this.hook, batch, tools(this), signal);
      const now = clock.now();
      if (refused !== null && signal.aborted) break;
      const next: HookState = refused === null
        ? {
          ...state,
          position: last.number,
          batchTo: null,
          told: state.told + events.length,
          toldAt: now,
          failures: 0,
          failingSince: null,
          nextAt: null,
          lastError: null,
        }
        : {
          ...state,
          batchTo: last.number,
          failures: state.failures + 1,
          failingSince: state.failingSince ?? now,
          nextAt: now + (refused.retryAfterMs ?? this.#waitMs(state.failures)),
          lastError: refused.error,
        };
      if (refused !== null && state.failures === 0) onTurn?.(`the hook ${name}: ${refused.error}`);
      if (refused === null && state.failures > 0) onTurn?.(`the hook ${name} is well again`);
      state = await this.#note(next, state) ? next : await this.#begin();
      this.#ahead = this.#ahead.filter(({ number }) => number > state.position);
    }
    return { kind: "stopped" };
  }

  /** Begins where the queue says. */
  async #begin(): Promise<HookState> {
    const { store } = this.tools;
    await store.beginHooks([this.hook.name]);
    const [state] = await store.hookStates([this.hook.name]);
    if (state === undefined) throw new Error(`the hook ${this.hook.name} has no place`);
    this.#ahead = [];
    this.#readTo = state.position;
    this.#isAtEnd = false;
    return state;
  }

  async #note(next: HookState, before: HookState): Promise<boolean> {
    return await this.tools.store.noteHook(next, before.position);
  }

  async #readAhead(state: HookState): Promise<void> {
    const { store, onTurn } = this.tools;
    while (!this.#isAtEnd && this.#ahead.length < this.hook.batch) {
      const page = await store.eventsAfter(this.#readTo, { types: this.hook.events });
      if (page.isAhead) {
        // Another queue came into this one's place.
        this.#readTo = await store.newestEvent();
        await this.#note({ ...state, position: this.#readTo, batchTo: null }, state);
        return;
      }
      if (page.deletedTo !== null) {
        onTurn?.(
          `the hook ${this.hook.name}: events up to ${page.deletedTo} are gone ` +
            "(retention.events, or a backup was restored) before it was told of them",
        );
      }
      this.#isAtEnd = page.upTo === this.#readTo;
      this.#readTo = page.upTo;
      this.#ahead.push(...await this.#withoutOwn(page.events));
    }
  }

  /** Leaves out what happened to mail that hooks have queued: they would never come to an end. */
  async #withoutOwn(events: readonly NumberedEvent[]): Promise<NumberedEvent[]> {
    const ids = events.flatMap(({ fields: { id } }) => typeof id === "string" ? [id] : []);
    const own = new Set(await this.tools.store.idsTagged([...new Set(ids)], HOOK_TAG));
    return events.filter(({ fields: { id, tags } }) => {
      const isTagged = Array.isArray(tags) && tags.some((tag) => String(tag).startsWith(HOOK_TAG));
      return !isTagged && !own.has(String(id));
    });
  }

  /** A batch that was begun before is the same again. */
  #nextBatch({ batchTo }: HookState): NumberedEvent[] {
    const most = this.#ahead.slice(0, this.hook.batch);
    return batchTo === null ? most : withinOr(most, batchTo);
  }

  async #idOf(events: readonly NumberedEvent[]): Promise<string> {
    const numbers = [...new Set([events[0]?.number, events.at(-1)?.number])];
    return `msg_${await this.tools.store.queueId()}_${numbers.join("_")}`;
  }

  #waitMs(failures: number): number {
    const jitter = 0.9 + this.tools.random.unit() * 0.2;
    const waitMs = Math.min(FIRST_WAIT_MS * GROWTH ** Math.min(failures, 10), LONGEST_WAIT_MS);
    return Math.round(waitMs * jitter);
  }
}

/** A hook may ask for a day. */
const LONGEST_AFTER_MS = 25 * 60 * 60_000;

/** The events up to a number; all, where there are none up to it any more. */
function withinOr(events: NumberedEvent[], last: number): NumberedEvent[] {
  const within = events.filter(({ number }) => number <= last);
  return within.length === 0 ? events : within;
}

function tools({ tools: { env, clock, random, wait } }: Telling): DeliveryTools {
  return { env, clock, random, wait };
}
