// Does what the model asks for: questions to the queue, actions, pager, pipe, clipboard. Called by
// session.tsx with every effect of an update; what comes of it goes back as an event. What is asked
// when is decided in model/, never here.

import { errorText, MailqError } from "../queue/errors.ts";
import type { EnvelopeChanges } from "../queue/ports/operator.ts";
import type { Data } from "./data/data.ts";
import type { Effect, Event } from "./model/events.ts";
import { page, pipe } from "./terminal/programs.ts";
import type { Terminal } from "./terminal/terminal.ts";

interface EffectOptions {
  readonly data: Data;
  readonly terminal: Terminal;
  readonly pager: string;
  readonly readEnvelope: ReadEnvelope;
  readonly tell: (event: Event) => void;
  readonly redraw: () => void;
  readonly quit: () => void;
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
  "disk_full",
  "permission",
]);

/** Does what the model wants done, and tells it what came of it. */
export class Effects {
  /** Another program has the terminal. */
  isLending = false;

  constructor(readonly options: EffectOptions) {}

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
        this.#ask(data.status(), (status) => ({ kind: "status", status }));
        return;
      case "stats":
        this.#ask(data.stats(), (stats) => ({ kind: "stats", stats }));
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
      case "act": {
        const { verb, target } = effect;
        this.#act(
          data.act(verb, target.filter),
          (outcome) => ({ kind: "acted", verb, target, outcome }),
        );
        return;
      }
      case "resend_changed": {
        const { id: from, sender, recipients } = effect;
        const done = this.options.readEnvelope(sender, recipients)
          .then((changes) => data.resendChanged(from, changes));
        this.#act(done, (id) => ({ kind: "resent", from, id }));
        return;
      }
      case "pause_queue": {
        const { isPaused } = effect;
        this.#act(data.setPaused(isPaused), () => ({ kind: "queue_paused", isPaused }));
        return;
      }
      case "copy":
        // OSC 52: the terminal's own clipboard, also over SSH.
        terminal.port.write(`\x1b]52;c;${btoa(effect.text)}\x07`);
        tell({ kind: "noticed", text: `${effect.text} copied`, isError: false });
        return;
      case "pager":
        void this.#lend(() => page(data.raw(effect.id), this.options.pager, terminal));
        return;
      case "pipe":
        void this.#lend(() => pipe(data.raw(effect.id), effect.command, terminal));
        return;
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
        this.options.quit();
        return;
    }
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

function isPassing(error: unknown): boolean {
  return error instanceof MailqError && PASSING.has(error.code);
}
