import type { PassOptions } from "../../src/delivery/options.ts";
import type { PassResult } from "../../src/delivery/pass.ts";
import { runService, type ServiceOptions, type ServicePlan } from "../../src/delivery/service.ts";
import type { MailqError } from "../../src/queue/errors.ts";
import { passOptions, type PassParts } from "./pass_on.ts";
import { QueueFile } from "./queue_file.ts";
import type { ScriptedRelay } from "./scripted_relay.ts";
import { planOf } from "./several_relays.ts";

const RECORD_MS = 20;

interface Timer {
  readonly at: number;
  readonly end: () => void;
}

/** A service on a queue of its own, whose time moves only when told. */
export class RunningService implements AsyncDisposable {
  readonly results: PassResult[] = [];
  readonly troubles: MailqError[] = [];
  readonly stop = new AbortController();
  readonly plan: { current: ServicePlan };
  /** Waits asked for, but for the recorder's. */
  readonly asked: number[] = [];
  ended: Promise<void> = Promise.resolve();
  #timers = new Set<Timer>();
  #watchers: { readonly isDue: () => boolean; readonly resolve: () => void }[] = [];
  #listeners = new Set<() => void>();

  private constructor(readonly queue: QueueFile, relay: ScriptedRelay) {
    this.plan = {
      current: {
        pass: this.pass({ relays: [planOf(relay)] }),
        intervalMs: 30_000,
        retention: { sentMs: null, failedMs: null, eventsMs: 86_400_000 },
      },
    };
  }

  static async make(relay: ScriptedRelay): Promise<RunningService> {
    return new RunningService(await QueueFile.make(), relay);
  }

  pass(parts: PassParts): PassOptions {
    return passOptions(this.queue, { signal: this.stop.signal, wait: this.wait, ...parts });
  }

  start(parts: Partial<ServiceOptions> = {}): this {
    this.ended = runService({
      store: this.queue.store,
      plans: {
        current: () => this.plan.current,
        onChange: (listener) => {
          this.#listeners.add(listener);
          return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
        },
      },
      machine: { clock: this.queue.clock, random: this.queue.random, wait: this.wait },
      signal: this.stop.signal,
      isOnce: false,
      onRound: (result) => {
        this.results.push(result);
        return Promise.resolve();
      },
      onTrouble: (error) => void this.troubles.push(error),
      ...parts,
    });
    // A test that does not wait for the end is not to fail elsewhere.
    this.ended.catch(() => {});
    return this;
  }

  /** Puts other settings in force. */
  change(plan: Partial<ServicePlan>): void {
    this.plan.current = { ...this.plan.current, ...plan };
    for (const listener of this.#listeners) listener();
  }

  /** Resolves once the service waits after at least `count` rounds or troubles. */
  async idle(count: number): Promise<void> {
    const isDue = () =>
      this.results.length + this.troubles.length >= count && this.#timers.size > 0;
    if (isDue()) return;
    await new Promise<void>((resolve) => this.#watchers.push({ isDue, resolve }));
  }

  /** Resolves once a wait of this length was asked for. */
  async begun(ms: number): Promise<void> {
    const isDue = () => this.asked.includes(ms);
    if (isDue()) return;
    await new Promise<void>((resolve) => this.#watchers.push({ isDue, resolve }));
  }

  /** Lets time pass. */
  advance(ms: number): void {
    const { clock } = this.queue;
    clock.time += ms;
    for (const timer of [...this.#timers]) if (timer.at <= clock.time) timer.end();
  }

  readonly wait = (ms: number, signal: AbortSignal): Promise<void> => {
    if (ms === RECORD_MS || signal.aborted) return Promise.resolve();
    this.asked.push(ms);
    return new Promise((resolve) => {
      const timer: Timer = {
        at: this.queue.clock.time + ms,
        end: () => {
          this.#timers.delete(timer);
          resolve();
        },
      };
      this.#timers.add(timer);
      signal.addEventListener("abort", timer.end, { once: true });
      const due = this.#watchers.filter(({ isDue }) => isDue());
      this.#watchers = this.#watchers.filter((one) => !due.includes(one));
      for (const { resolve } of due) resolve();
    });
  };

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop.abort();
    await this.ended.catch(() => {});
    await this.queue[Symbol.asyncDispose]();
  }
}
