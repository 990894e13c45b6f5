// Does what the model asks for: questions to the queue, actions, pager, pipe, clipboard. Called by
// session.tsx with every effect of an update; what comes of it goes back as an event. What is asked
// when is decided in model/, never here.

import { errorText, MailqError } from "../queue/errors.ts";
import type { EnvelopeChanges } from "../queue/ports/operator.ts";
import { base64Text } from "../system/bytes.ts";
import { wait } from "../system/time.ts";
import { actInParts, applyingTo, countApplying } from "./data/actions.ts";
import type { Data } from "./data/data.ts";
import type { QueueViewName } from "./data/views/view_data.ts";
import type { MailSettings } from "./model/state.ts";
import type { Effect, Event } from "./model/events.ts";
import { type OwnCall, OwnProgram } from "./terminal/own_program.ts";
import { readGiven, saveNew, wholePath } from "./terminal/given_files.ts";
import { page, pipe } from "./terminal/programs.ts";
import type { Terminal } from "./terminal/terminal.ts";

interface EffectOptions {
  readonly data: Data;
  readonly settings: MailSettings;
  readonly terminal: Terminal;
  readonly pager: string;
  readonly program: OwnCall;
  readonly readEnvelope: ReadEnvelope;
  /** The end of the screen. */
  readonly signal: AbortSignal;
  readonly tell: (event: Event) => void;
  readonly redraw: () => void;
  /** Leaves the screen; what is said then is to be read behind it. */
  readonly quit: (said: string | null) => void;
  readonly fail: (error: unknown) => void;
}

/** Reads addresses as they were typed; what is undefined stays so. Throws `bad_address`. */
export type ReadEnvelope = (
  sender: string | undefined,
  recipients: readonly string[] | undefined,
) => Promise<EnvelopeChanges>;

/** Errors that are told on the screen; with any other there is no going on. */
const PASSING = new Set([
  "busy",
  "usage",
  "bad_address",
  "bad_message",
  "input_unreadable",
  "cannot_create",
  "disk_full",
  "permission",
]);

/** Does what the model wants done, and tells it what came of it. */
export class Effects {
  /** Another program has the terminal. */
  isLending = false;
  /** The action under way is to end after its present part. */
  #isStopping = false;

  readonly #program: OwnProgram;

  constructor(readonly options: EffectOptions) {
    this.#program = new OwnProgram(options.program, () => this.#showOutput());
    options.signal.addEventListener("abort", () => this.#program.stop());
  }

  run(effect: Effect): void {
    const { data, terminal, tell } = this.options;
    switch (effect.kind) {
      case "window": {
        const { generation, request } = effect;
        this.#ask(
          data.window(request),
          (window) => ({ kind: "window", generation, window }),
          generation,
        );
        return;
      }
      case "count": {
        const { generation, filter } = effect;
        this.#ask(data.count(filter), (count) => ({ kind: "counted", generation, count }));
        return;
      }
      case "count_all": {
        const { filter } = effect;
        this.#ask(data.count(filter), (count) => ({ kind: "all_counted", filter, count }));
        return;
      }
      case "status":
        this.#ask(this.#status(), (event) => event);
        return;
      case "view":
        // What is printed is told at once: an answer that comes later would be older.
        if (effect.name === "output") this.#showOutput();
        else this.#ask(this.#view(effect.name, effect), (event) => event);
        return;
      case "detail": {
        const { id } = effect;
        this.#ask(data.detail(id), (message) => ({ kind: "detail", id, message }));
        return;
      }
      case "content": {
        const { id } = effect;
        data.content(id).then(
          (content) => tell({ kind: "content", id, content }),
          (error) => {
            if (isPassing(error)) {
              tell({ kind: "content", id, content: { error: errorText(error) } });
            } else this.options.fail(error);
          },
        );
        return;
      }
      case "edit":
        this.#ask(
          data.detail(effect.id),
          (message) =>
            message === null
              ? { kind: "noticed", text: `${effect.id} is not there any more`, isError: true }
              : { kind: "edit", message },
        );
        return;
      case "target": {
        const { verb, filter } = effect;
        this.#ask(
          countApplying(data, verb, filter),
          (found) => ({ kind: "targeted", verb, filter, ...found }),
        );
        return;
      }
      case "act":
        this.#act(this.#actInParts(effect), (event) => event);
        return;
      case "undo":
        this.#act(data.undo(), (result) => ({ kind: "undone", result }));
        return;
      case "stop":
        this.#isStopping = true;
        return;
      case "resend_changed": {
        const { id: from, sender, recipients } = effect;
        const done = this.options.readEnvelope(sender, recipients)
          .then((changes) => data.resendChanged(from, changes));
        this.#act(done, (id) => ({ kind: "resent", from, id }));
        return;
      }
      case "change":
        this.#act(data.change(effect.change), (text) => ({ kind: "change_made", text }));
        return;
      case "import": {
        const imported = readGiven(effect.path)
          .then((text) => data.change({ kind: "import", text }));
        this.#act(imported, (text) => ({ kind: "change_made", text }));
        return;
      }
      case "run":
        void this.#runProgram(effect.args);
        return;
      case "stop_program":
        this.#program.stop();
        return;
      case "export":
        this.#act(
          data.exportTo(effect.filter, wholePath(effect.path)),
          (text) => ({ kind: "change_made", text }),
        );
        return;
      case "copy":
        // OSC 52: the terminal's own clipboard, also over SSH.
        terminal.port.write(`\x1b]52;c;${base64Text(new TextEncoder().encode(effect.text))}\x07`);
        tell({ kind: "noticed", text: `${effect.text} copied`, isError: false });
        return;
      case "pager":
        void this.#lend(() => page(data.raw(effect.id), this.options.pager, terminal));
        return;
      case "pipe":
        void this.#lend(() => pipe(data.raw(effect.id), effect.command, terminal));
        return;
      case "save": {
        const { id, place, path } = effect;
        const saved = data.attachment(id, place).then((bytes) => saveNew(path, bytes));
        this.#ask(saved, (text) => ({ kind: "noticed", text, isError: false }));
        return;
      }
      case "open": {
        const { id, place, command } = effect;
        void this.#lend(() => pipe(only(data.attachment(id, place)), command, terminal));
        return;
      }
      case "redraw":
        this.options.redraw();
        return;
      case "suspend":
        void this.#lend(async () => {
          await terminal.suspend();
          return null;
        });
        return;
      case "quit":
        this.options.quit(effect.said ?? null);
        return;
    }
  }

  async #runProgram(args: readonly string[]): Promise<void> {
    const { tell } = this.options;
    if (this.#program.isRunning) {
      const text =
        `${this.#program.output.command} is still at work: x in its view (:output) stops it`;
      return tell({ kind: "noticed", text, isError: true });
    }
    const ended = this.#program.run(args);
    tell({ kind: "program_began" });
    const status = await ended;
    const text = `mailq ${args[0]} ended with ${status}`;
    tell({ kind: "noticed", text, isError: status !== 0 });
  }

  #showOutput(): void {
    const { output: data } = this.#program;
    this.options.tell({ kind: "view", name: "output", query: "", data, tookMs: 0 });
  }

  async #status(): Promise<Event> {
    const { data, settings: { ratePerDomain, relays } } = this.options;
    const hasRate = ratePerDomain !== null || relays.some(({ rate }) => rate !== null);
    const status = await data.status();
    return { kind: "status", status, rateUses: hasRate ? await data.rateUses() : new Map() };
  }

  async #view(
    name: QueueViewName | "settings",
    { query, afterMs }: Extract<Effect, { kind: "view" }>,
  ): Promise<Event> {
    if (afterMs > 0) await wait(afterMs, this.options.signal);
    const startedAt = performance.now();
    const data = name === "settings" ? true : await this.options.data.view(name, query);
    return { kind: "view", name, query, data, tookMs: performance.now() - startedAt };
  }

  /** Does an action part by part, until it is done or told to stop. */
  async #actInParts({ verb, target }: Extract<Effect, { kind: "act" }>): Promise<Event> {
    const { data, tell } = this.options;
    this.#isStopping = false;
    const { outcome, isStopped } = await actInParts(data, {
      verb,
      filter: target.isAll ? applyingTo(verb, target.filter) : target.filter,
      goesOn: (done) => {
        tell({ kind: "progress", done });
        return !this.#isStopping;
      },
    });
    return { kind: "acted", verb, target, outcome, isStopped };
  }

  #ask<T>(asked: Promise<T>, event: (value: T) => Event, generation?: number): void {
    const { tell, fail } = this.options;
    asked.then((value) => tell(event(value)), (error) => {
      if (!isPassing(error)) fail(error);
      else tell({ kind: "failed", text: errorText(error), of: "read", generation });
    });
  }

  #act<T>(done: Promise<T>, event: (value: T) => Event): void {
    const { tell, fail } = this.options;
    done.then((value) => tell(event(value)), (error) => {
      if (!isPassing(error)) fail(error);
      else tell({ kind: "failed", text: errorText(error), of: "action" });
    });
  }

  async #lend(use: () => Promise<string | null>): Promise<void> {
    const { tell, fail, redraw } = this.options;
    if (this.isLending) return;
    this.isLending = true;
    let said: string | null = null;
    let failure: unknown = null;
    try {
      said = await use();
    } catch (error) {
      failure = error;
    } finally {
      this.isLending = false;
    }
    if (failure !== null) {
      if (!isPassing(failure)) return fail(failure);
      said = errorText(failure);
    }
    tell({ kind: "resized", size: this.options.terminal.port.size() });
    if (said !== null) tell({ kind: "noticed", text: said, isError: failure !== null });
    redraw();
  }
}

async function* only(bytes: Promise<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield await bytes;
}

function isPassing(error: unknown): boolean {
  return error instanceof MailqError && PASSING.has(error.code);
}
