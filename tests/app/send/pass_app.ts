import type { LogEvent } from "../../../src/app/log_event.ts";
import type { PassApp } from "../../../src/app/send/pass.ts";
import { systemRandom } from "../../../src/system/time.ts";
import { FakeClock } from "../../support/queue_clock.ts";

/** What a pass takes of the program around it, and what it did with it. */
export class FakePassApp implements PassApp {
  readonly clock = new FakeClock();
  readonly random = systemRandom;
  readonly events: LogEvent[] = [];
  readonly warnings: string[] = [];
  readonly #stop = new AbortController();
  #console = "";

  constructor(
    readonly env: Readonly<Record<string, string>> = {},
    readonly hearsEvents = false,
  ) {}

  get tell(): PassApp["tell"] {
    return {
      note: () => {},
      progress: () => {},
      hearsProgress: false,
      warn: (text) => void this.warnings.push(text),
      detail: () => {},
      event: (event) => void this.events.push(event),
      hearsEvents: this.hearsEvents,
    };
  }

  /** What `console:` relays wrote. */
  get console(): string {
    return this.#console;
  }

  writeToConsole(bytes: Uint8Array): void {
    this.#console += new TextDecoder().decode(bytes);
  }

  stopSignal(): AbortSignal {
    return this.#stop.signal;
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Time stands still: only the signal ends it. */
  wait(_ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
  }
}
