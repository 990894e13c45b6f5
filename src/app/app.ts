// What a use case may ask of the program around it. The command line makes one App for each
// command; a listener or a test makes its own. A use case takes the parts it uses
// (`Pick<App, "clock" | "tell">`), prints nothing and returns what came of it.

import type { Purpose } from "../config/load.ts";
import type { Settings } from "../config/settings.ts";
import type { Store } from "../queue/ports/store.ts";
import type { Clock, Random, Wait } from "../system/time.ts";
import type { LogEvent } from "./log_event.ts";

/** How a use case speaks to whoever watches while it works. Nothing of it is a result. */
export interface Tell {
  /** Something worth knowing, in one line. */
  note(text: string): void;
  /** Something that is probably not as the user wants it, in one line. */
  warn(text: string): void;
  /** Something for those who asked to hear everything (`--verbose`). */
  detail(text: string): void;
  /** Something that happened to mail or a relay, for the log. */
  event(event: LogEvent): void;
  /** Whether there is a log. */
  readonly hearsEvents: boolean;
  /** Whether somebody sees how far work has come. */
  readonly hearsProgress: boolean;
  /** How far the work has come, in place of the last such line; null when it is done. */
  progress(text: string | null): void;
}

export interface App {
  readonly clock: Clock;
  readonly random: Random;
  readonly env: Readonly<Record<string, string>>;
  readonly tell: Tell;
  /** The login name of the user. */
  user(): string;
  /** The settings in force; their warnings are told once. Throws `config_invalid`. */
  settings(purpose: Purpose): Promise<Settings>;
  /** Opens the queue that the settings name; whoever made the App closes it. A queue that is not
   *  there is made if `create`, and otherwise counts as empty. */
  openQueue(settings: Settings, options: OpenQueueOptions): Promise<Store>;
  /** Closes early what `openQueue` has opened. */
  closeQueue(queue: Store): Promise<void>;
  /** Is aborted when the program is told to stop. */
  stopSignal(): AbortSignal;
  /** Resolves after `ms`, or as soon as `signal` is aborted. */
  readonly wait: Wait;
  /** Writes what a `console:` relay is handed. */
  writeToConsole(bytes: Uint8Array): void;
}

export interface OpenQueueOptions {
  readonly create: boolean;
  /** This process has more to do than one write, and must not be blocked while it waits. */
  readonly isWorker?: boolean;
  /** See the store's OpenOptions; absent = the command's name. */
  readonly wayIn?: string;
}
