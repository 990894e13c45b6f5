// What a command has at hand: settings, the queue, output, and the App for the use cases. run.ts
// makes one for each command line, out of the Machine that main.ts puts together.

import type { LoadOptions, Purpose } from "../../config/load.ts";
import type { Settings } from "../../config/settings.ts";
import type { Store } from "../../queue/ports/store.ts";
import type { OpenOptions } from "../../store/options.ts";
import type { App, OpenQueueOptions } from "../../app/app.ts";
import type { Globals } from "./globals.ts";
import type { Output, Stream } from "./output.ts";
import type { Clock, Random, Wait } from "../../system/time.ts";

/** What the process gives a command; main.ts puts it together. */
export interface Machine {
  readonly stdin: {
    readSync(into: Uint8Array): number | null;
    read(into: Uint8Array): Promise<number | null>;
    isTerminal(): boolean;
  };
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly env: Readonly<Record<string, string>>;
  readonly surroundings: Omit<LoadOptions, "flags" | "configFile" | "purpose">;
  readonly clock: Clock;
  readonly random: Random;
  readonly loadSettings: (options: LoadOptions) => Promise<Settings>;
  readonly openStore: (queue: string, options: OpenOptions) => Promise<Store>;
  /** The name the program was called by, without folders; null where it cannot be told. */
  readonly calledName: () => Promise<string | null>;
  /** The login name of the user. */
  readonly user: () => string;
  /** Calls back when the process is told to stop (SIGTERM, SIGINT), until disposed of. */
  readonly onStop: (listener: () => void) => Disposable;
  /** Calls back when the process is told to read its settings anew (SIGHUP). */
  readonly onReload: (listener: () => void) => Disposable;
  /** Resolves after a while, or when the signal is aborted. */
  readonly wait: Wait;
}

/** Settings a command line gives by flags of their own, by dotted name. */
type SettingFlags = Readonly<Record<string, string | number | boolean | undefined>>;

interface OpenQueue extends OpenQueueOptions {
  /** Whether mail that is sent keeps its bytes, asked anew each time; else as the settings say. */
  readonly keepsBodies?: () => boolean;
  /** Whether what may have been delivered is held, asked anew each time; else as the settings say. */
  readonly holdsUncertain?: () => boolean;
}

/** What a command has at hand (`this` in its function). */
export class Context {
  /** What the use cases ask for. */
  readonly app: App;
  /** What the command-line library writes: help, and complaints about the arguments. */
  readonly process: {
    readonly stdout: { write(text: string): void };
    readonly stderr: { write(text: string): void };
    exitCode?: number | string | null;
  };
  complaint = "";
  /** What the library found wrong with the arguments. */
  misuse: { readonly error: unknown } | null = null;
  failure: { readonly error: unknown } | null = null;
  /** The exit status, where it is none of an error. */
  exitStatus = 0;
  /** Standard output is a conversation, in which a `console:` relay's mail has no place. */
  isConversation = false;
  /** The command's name. */
  command = "";
  /** Another command line that is to be run in place of this one, once this one is closed. */
  becomes: readonly string[] | null = null;
  readonly #stores = new Set<Store>();
  #stop: { readonly signal: AbortSignal; readonly listener: Disposable } | null = null;
  readonly #told = new Set<string>();

  constructor(readonly machine: Machine, readonly globals: Globals, readonly output: Output) {
    this.process = {
      stdout: { write: (text) => output.text(text) },
      stderr: { write: (text) => void (this.complaint += text) },
    };
    this.app = {
      clock: machine.clock,
      random: machine.random,
      env: machine.env,
      tell: output,
      user: () => machine.user(),
      settings: (purpose) => this.settings(purpose),
      openQueue: (settings, options) => this.openQueue(settings, options),
      closeQueue: (queue) => this.#close(queue),
      stopSignal: () => this.stopSignal(),
      wait: machine.wait,
      writeToConsole: (bytes) => this.isConversation ? output.aside(bytes) : output.bytes(bytes),
    };
  }

  now(): number {
    return this.machine.clock.now();
  }

  /** The settings in force; their warnings are told, once. */
  async settings(purpose: Purpose, flags: SettingFlags = {}): Promise<Settings> {
    const settings = await this.machine.loadSettings({
      ...this.machine.surroundings,
      flags: { queue: this.globals.queue ?? undefined, ...flags },
      configFile: this.globals.config,
      purpose,
    });
    for (const warning of settings.warnings) {
      if (!this.#told.has(warning)) this.output.warn(warning);
      this.#told.add(warning);
    }
    return settings;
  }

  /** Opens the queue; it is closed when the command ends. A queue that is not there is made if
   *  `create`, and otherwise counts as empty. */
  async openQueue(
    settings: Settings,
    {
      create,
      isWorker = false,
      keepsBodies = () => settings.keepsBodies,
      holdsUncertain = () => settings.isUncertainHeld,
      wayIn = this.command,
    }: OpenQueue,
  ): Promise<Store> {
    const { clock, random, openStore } = this.machine;
    const options = { create, isWorker, clock, random, keepsBodies, holdsUncertain, wayIn };
    const store = await openStore(settings.queue, options);
    this.#stores.add(store);
    return store;
  }

  /** The queue of the settings as most commands want it: it is not made, unless `create`. */
  async queue({ create }: { readonly create: boolean } = { create: false }): Promise<Store> {
    return await this.openQueue(await this.settings("all"), { create });
  }

  /** Is aborted when the process is told to stop; from the first call on that does not end it.
   *  One for the whole command: what is told between two of its steps is not lost. */
  stopSignal(): AbortSignal {
    if (this.#stop === null) {
      const stop = new AbortController();
      this.#stop = { signal: stop.signal, listener: this.machine.onStop(() => stop.abort()) };
    }
    return this.#stop.signal;
  }

  async close(): Promise<void> {
    this.#stop?.listener[Symbol.dispose]();
    this.#stop = null;
    for (const store of this.#stores) await this.#close(store);
  }

  async #close(store: Store): Promise<void> {
    if (this.#stores.delete(store)) await store.close();
  }
}
