// The screen at work: joins terminal, model, data and Ink, from the first frame until it is left.
// Called by start.ts, and by tests with a terminal of their own. What a key does is model/'s work,
// what a frame shows is screens/'s.

import { errorText, MailqError } from "../queue/errors.ts";
import type { TuiSettings } from "./own/settings.ts";
import type { Data } from "./data/data.ts";
import { FrameWriter } from "./terminal/frame_writer.ts";
import { readOwnColours } from "./own/colours.ts";
import { readOwnKeys } from "./own/keys.ts";
import { Effects, type ReadEnvelope } from "./effects.ts";
import type { Event } from "./model/events.ts";
import { refreshList } from "./model/list/window.ts";
import { initialState, type MailSettings, type ShownSetting, type State } from "./model/state.ts";
import { update } from "./model/update.ts";
import { VERBS } from "./model/acting/verbs.ts";
import type { Look } from "./screens/paint.ts";
import { Screen } from "./screens/screen.tsx";
import { WindowPainter } from "./screens/windows.ts";
import { InkFrames } from "./terminal/ink_frames.tsx";
import type { OwnCall } from "./terminal/own_program.ts";
import { Terminal, type TerminalPort } from "./terminal/terminal.ts";

export interface SessionOptions {
  readonly data: Data;
  readonly terminal: TerminalPort;
  readonly queue: string;
  readonly isReadonly: boolean;
  readonly isColoured: boolean;
  readonly maxTries: number | null;
  readonly settings: MailSettings;
  /** All settings, for people. */
  readonly entries: readonly ShownSetting[];
  /** How the operator wants the screen. */
  readonly tui: TuiSettings;
  readonly pager: string;
  readonly program: OwnCall;
  readonly readEnvelope: ReadEnvelope;
  readonly now: () => number;
}

/** Ages, and the clock, are told anew so often. */
const TICK_MS = 60_000;

/** The screen at work: from the first frame until it is left. */
export class Session {
  readonly #writer: FrameWriter;
  readonly #terminal: Terminal;
  readonly #effects: Effects;
  readonly #stop = new AbortController();
  readonly #ended = Promise.withResolvers<string | null>();
  readonly #signals: Disposable[] = [];
  readonly #ink = new InkFrames((error) => this.#fail(error));
  readonly #look: Look;
  readonly #windows: WindowPainter;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #state: State;
  #isDirty = false;
  #hasEnded = false;

  constructor(readonly options: SessionOptions) {
    const { terminal: port, queue, isReadonly, maxTries, settings, entries, now } = options;
    this.#state = initialState({
      size: port.size(),
      queue,
      isReadonly,
      maxTries,
      settings,
      entries,
      keys: readOwnKeys(options.tui.keys),
      now: now(),
    });
    this.#look = { isColoured: options.isColoured, codes: readOwnColours(options.tui.colours) };
    this.#windows = new WindowPainter(this.#look);
    this.#writer = new FrameWriter((text) => port.write(text));
    this.#terminal = new Terminal(
      port,
      (keys) => {
        for (const key of keys) this.#tell({ kind: "key", key });
      },
      () => this.#end(),
      options.tui,
    );
    this.#effects = new Effects({
      ...options,
      terminal: this.#terminal,
      signal: this.#stop.signal,
      tell: (event) => this.#tell(event),
      redraw: () => this.#redraw(),
      quit: (said) => this.#end(said),
      fail: (error) => this.#fail(error),
    });
  }

  /** Resolves when the operator leaves or the terminal goes, to what is still to be told; rejects with
   *  what went wrong. The terminal is as before either way. */
  async run(): Promise<string | null> {
    const { terminal: port } = this.options;
    this.#signals.push(
      port.on("SIGWINCH", () => this.#resized()),
      port.on("SIGCONT", () => this.#continued()),
      port.on("SIGTERM", () => this.#end()),
      port.on("SIGHUP", () => this.#end()),
      // The terminal's own Ctrl-C is a key; while another program has it, it is that one's.
      port.on("SIGINT", () => this.#effects.isLending || this.#end()),
    );
    using _guard = this.#guard();
    this.#tick();
    try {
      this.#terminal.enter();
      this.#begin();
      void this.#watch();
      return await this.#ended.promise;
    } finally {
      clearTimeout(this.#timer);
      this.#hasEnded = true;
      this.#stop.abort();
      this.#terminal.leave();
      for (const signal of this.#signals) signal[Symbol.dispose]();
      this.#ink.close();
    }
  }

  /** The clock shows minutes: it goes on when they do. */
  #tick(): void {
    this.#timer = setTimeout(() => {
      this.#tell({ kind: "ticked" });
      this.#tick();
    }, TICK_MS - this.options.now() % TICK_MS);
  }

  #begin(): void {
    const begun = refreshList(this.#state);
    this.#state = begun.state;
    this.#draw();
    for (const effect of [{ kind: "status" } as const, ...begun.effects]) this.#effects.run(effect);
  }

  /** Whatever nobody catches must not leave the terminal as it is now. */
  #guard(): Disposable {
    const onError = (event: ErrorEvent) => {
      event.preventDefault();
      this.#fail(event.error ?? new Error(event.message));
    };
    const onRejection = (event: PromiseRejectionEvent) => {
      event.preventDefault();
      this.#fail(event.reason);
    };
    const onUnload = () => this.#terminal.leave();
    globalThis.addEventListener("error", onError);
    globalThis.addEventListener("unhandledrejection", onRejection);
    globalThis.addEventListener("unload", onUnload);
    return {
      [Symbol.dispose]() {
        globalThis.removeEventListener("error", onError);
        globalThis.removeEventListener("unhandledrejection", onRejection);
        globalThis.removeEventListener("unload", onUnload);
      },
    };
  }

  #tell(event: Event): void {
    if (this.#hasEnded) return;
    try {
      const { state, effects } = update(this.#state, event, this.options.now());
      this.#state = state;
      // What is told in one go is drawn in one go.
      if (!this.#isDirty) {
        this.#isDirty = true;
        queueMicrotask(() => this.#drawDirty());
      }
      for (const effect of effects) this.#effects.run(effect);
    } catch (error) {
      this.#fail(error);
    }
  }

  #drawDirty(): void {
    if (!this.#isDirty || this.#hasEnded) return;
    try {
      this.#draw();
    } catch (error) {
      this.#fail(error);
    }
  }

  #draw(): void {
    this.#isDirty = false;
    const { size } = this.#state;
    const frame = this.#ink.draw(<Screen state={this.#state} look={this.#look} />, size);
    if (this.#effects.isLending) return;
    const { rows, caret } = this.#windows.fill(frame, this.#state);
    this.#writer.show(rows, size.columns, caret);
  }

  #redraw(): void {
    this.#writer.forget();
    this.#draw();
  }

  #resized(): void {
    const size = this.options.terminal.size();
    this.#writer.forget();
    this.#tell({ kind: "resized", size });
  }

  /** After a stop from outside the terminal may be in any state. */
  #continued(): void {
    if (this.#effects.isLending || this.#hasEnded) return;
    this.#terminal.leave();
    this.#terminal.enter();
    this.#resized();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const change = await this.options.data.changed(signal);
        if (!signal.aborted) this.#tell({ kind: "changed", change });
      } catch (error) {
        if (!signal.aborted) this.#fail(error);
        return;
      }
    }
  }

  #end(said: string | null = null): void {
    this.#ended.resolve(said ?? unfinished(this.#state));
  }

  #fail(error: unknown): void {
    this.#terminal.leave();
    this.#ended.reject(
      error instanceof Error ? error : new MailqError("internal", errorText(error)),
    );
  }
}

/** What is told of an action that the end of the screen cuts off. */
function unfinished({ work }: State): string | null {
  return work === null
    ? null
    : `${VERBS[work.verb].text}: cut off, at least ${work.done} of ${work.of} messages done`;
}
