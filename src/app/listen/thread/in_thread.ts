// What runs in the thread of listen_thread.ts: the listeners, on a connection to the queue of their
// own. It reads the settings by itself, and hands on what is told.

import { loadSettings } from "../../../config/load.ts";
import { systemEnvironment } from "../../../config/system_environment.ts";
import type { Settings } from "../../../config/settings.ts";
import { openStore } from "../../../store/open.ts";
import { answerQuestions } from "../../../system/thread.ts";
import { systemClock, systemRandom, systemTimers } from "../../../system/time.ts";
import type { LogEvent } from "../../log_event.ts";
import { type ListenApp, Listeners } from "../listeners.ts";

/** How the settings are found, and what the thread cannot ask for by itself. */
export interface ListenOpening {
  readonly kind: "open";
  /** What the command line gave, by the settings' dotted names. */
  readonly flags: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly configFile: string | null;
  readonly user: string;
}

export type ListenQuestion =
  | ListenOpening
  | { readonly kind: "reload" | "close" }
  /** Answered when there is something to tell. */
  | { readonly kind: "hear" };

/** Something that is told, as `Tell` has it. */
type Told =
  | { readonly kind: "note" | "warn" | "detail"; readonly text: string }
  | { readonly kind: "event"; readonly event: LogEvent };

export type ListenAnswer = readonly Told[] | null;

/** More than these are not kept for somebody who does not listen. */
const MAX_TOLD = 10_000;

let told: Told[] = [];
let hearer: ((told: readonly Told[]) => void) | null = null;
let opening: ListenOpening | null = null;
let listeners: Listeners | null = null;
const surroundings = systemEnvironment();

answerQuestions<ListenQuestion, ListenAnswer>(async (question) => {
  switch (question.kind) {
    case "hear":
      return await new Promise<readonly Told[]>((resolve) => {
        hearer = resolve;
        hand();
      });
    case "open":
      opening = question;
      listeners = await Listeners.open(appOf(question), systemTimers, await settings(question));
      return null;
    case "reload":
      if (opening !== null) await listeners?.reload(await settings(opening));
      return null;
    case "close":
      await listeners?.[Symbol.asyncDispose]();
      listeners = null;
      return null;
  }
});

function settings({ flags, configFile }: ListenOpening): Promise<Settings> {
  return loadSettings({ ...surroundings, flags, configFile, purpose: "all" });
}

function appOf({ user }: ListenOpening): ListenApp {
  const tell = (one: Told) => {
    if (told.length < MAX_TOLD) told.push(one);
    hand();
  };
  return {
    clock: systemClock,
    random: systemRandom,
    env: surroundings.env,
    user: () => user,
    tell: {
      note: (text) => tell({ kind: "note", text }),
      warn: (text) => tell({ kind: "warn", text }),
      detail: (text) => tell({ kind: "detail", text }),
      event: (event) => tell({ kind: "event", event }),
      hearsEvents: true,
      progress: () => {},
      hearsProgress: false,
    },
    openQueue: ({ queue }, options) =>
      openStore(queue, {
        ...options,
        isWorker: options.isWorker ?? false,
        clock: systemClock,
        random: systemRandom,
      }),
    closeQueue: (queue) => queue.close(),
  };
}

/** Hands on what there is to tell, if somebody listens. */
function hand(): void {
  if (hearer === null || told.length === 0) return;
  const lines = told;
  told = [];
  hearer(lines);
  hearer = null;
}
