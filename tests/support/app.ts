import assert from "node:assert/strict";
import { loadSettings, type Purpose } from "../../src/config/load.ts";
import type { Settings } from "../../src/config/settings.ts";
import type { MailqError } from "../../src/queue/errors.ts";
import type { MessageDetail } from "../../src/queue/message.ts";
import type { Store } from "../../src/queue/ports/store.ts";
import { openStore } from "../../src/store/open.ts";
import { systemRandom, type Wait } from "../../src/system/time.ts";
import type { App, OpenQueueOptions, Tell } from "../../src/app/app.ts";
import type { LogEvent } from "../../src/app/log_event.ts";
import { FakeClock } from "./queue_clock.ts";
import { listed } from "./queue_messages.ts";
import { verifySqlite } from "./queue_sqlite.ts";

/** Settings by their dotted names. */
type GivenSettings = Readonly<Record<string, string | number | boolean>>;

/** An App in a folder of its own, for use cases in tests: a real queue, time that moves only when
 *  told, and everything that was told. When it is disposed of the queue must be in good order. */
export class TestApp implements App, AsyncDisposable {
  readonly clock = new FakeClock();
  readonly random = systemRandom;
  readonly env: Record<string, string> = {};
  /** All that was told, each line behind its kind, such as `note: …`. */
  readonly told: string[] = [];
  readonly tell: Tell;
  /** All that happened. */
  readonly events: LogEvent[] = [];
  /** What opening the queue ends with, where it is to fail. */
  refusal: MailqError | null = null;
  /** What `console:` relays were handed. */
  console = "";
  /** How often the host's name was looked up. */
  hostnameLookups = 0;
  readonly #open = new Set<Store>();
  readonly #stop = new AbortController();
  readonly #waits = new Set<{ readonly until: number; readonly end: () => void }>();
  readonly #watched = new Set<() => void>();

  private constructor(readonly folder: string, readonly given: GivenSettings) {
    const listen = (kind: string) => (text: string | null) => {
      if (text === null) return;
      this.told.push(`${kind}: ${text}`);
      this.#changed();
    };
    this.tell = {
      note: listen("note"),
      warn: listen("warn"),
      detail: listen("detail"),
      event: (event) => {
        this.events.push(event);
        this.#changed();
      },
      hearsEvents: true,
      hearsProgress: true,
      progress: listen("progress"),
    };
  }

  static async make(given: GivenSettings = {}): Promise<TestApp> {
    return new TestApp(await Deno.makeTempDir({ prefix: "mailq-app-" }), given);
  }

  get queue(): string {
    return `${this.folder}/queue.db`;
  }

  /** How many queues are open. */
  get openQueues(): number {
    return this.#open.size;
  }

  user(): string {
    return "tester";
  }

  settings(purpose: Purpose = "all"): Promise<Settings> {
    return loadSettings({
      env: this.env,
      flags: { queue: this.queue, aliases: "/dev/null", ...this.given },
      configFile: null,
      isRoot: true,
      purpose,
      isFolder: () => false,
      systemHostname: () => {
        this.hostnameLookups++;
        return "host.test";
      },
      readFile(path) {
        throw new Deno.errors.NotFound(path);
      },
    });
  }

  async openQueue(settings: Settings, options: OpenQueueOptions): Promise<Store> {
    if (this.refusal !== null) throw this.refusal;
    const { clock, random } = this;
    const { create, isWorker = false, wayIn } = options;
    const store = await openStore(settings.queue, { create, isWorker, clock, random, wayIn });
    this.#open.add(store);
    return store;
  }

  async closeQueue(queue: Store): Promise<void> {
    assert.ok(this.#open.delete(queue), "a queue is closed once");
    await queue.close();
  }

  stopSignal(): AbortSignal {
    return this.#stop.signal;
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Resolves when the clock was moved so far, or `signal` is aborted. */
  readonly wait: Wait = (ms, signal) => {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const waiting = {
        until: this.clock.now() + ms,
        end: () => {
          signal.removeEventListener("abort", waiting.end);
          this.#waits.delete(waiting);
          resolve();
        },
      };
      signal.addEventListener("abort", waiting.end);
      this.#waits.add(waiting);
      this.#changed();
    });
  };

  /** Moves the clock, and ends the waits that are over by then. */
  advance(ms: number): void {
    const now = this.clock.advance(ms);
    for (const { until, end } of [...this.#waits]) if (until <= now) end();
  }

  /** Resolves as soon as `isTrue`, which is asked whenever something is told or waited for. */
  async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) await new Promise<void>((resolve) => this.#watched.add(resolve));
  }

  /** Resolves as soon as somebody waits. */
  async idle(): Promise<void> {
    await this.until(() => this.#waits.size > 0);
  }

  writeToConsole(bytes: Uint8Array): void {
    this.console += new TextDecoder().decode(bytes);
  }

  #changed(): void {
    const resolves = [...this.#watched];
    this.#watched.clear();
    for (const resolve of resolves) resolve();
  }

  /** Looks into the queue by a connection of its own. */
  async look<T>(into: (store: Store) => Promise<T>): Promise<T> {
    const { clock, random } = this;
    const options = { create: false, isWorker: false, clock, random };
    const store = await openStore(this.queue, options);
    try {
      return await into(store);
    } finally {
      await store.close();
    }
  }

  /** All messages that can be seen, in the order in which they were queued. */
  messages(): Promise<MessageDetail[]> {
    return this.look(async (store) => {
      const found: MessageDetail[] = [];
      for (const id of await listed(store, {}, { sort: "oldest" })) {
        const message = await store.show(id);
        if (message !== null) found.push(message);
      }
      return found;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      for (const store of [...this.#open]) await this.closeQueue(store);
      if (isThere(this.queue)) verifySqlite(this.queue);
    } finally {
      await Deno.remove(this.folder, { recursive: true });
    }
  }
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
