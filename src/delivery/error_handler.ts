// What an error handler is told of a failure, and what it may answer. The application hands one in
// (it runs the user's command); `round/overrule.ts` asks it after each attempt that failed.

import type { Phase } from "../queue/outcome.ts";

/** One recipient that a message was not sent to. */
export interface Failure {
  readonly id: string;
  readonly sender: string;
  readonly recipient: string;
  readonly relay: string;
  readonly host: string | null;
  /** Where in the conversation it was decided; null where there is none. */
  readonly phase: Phase | null;
  /** What it means if the handler does not say otherwise. */
  readonly outcome: "deferred" | "failed" | "uncertain";
  readonly code: number | null;
  readonly enhanced: string | null;
  readonly reply: string;
  /** The step that failed, where the reply is not all there is to say. */
  readonly error: string | null;
  /** Tries so far, this one included. */
  readonly tries: number;
}

/** What a failure means according to the handler. */
export interface HandlerAnswer {
  readonly outcome: "sent" | "deferred" | "failed";
  /** The connection is not to be used again. */
  readonly wantsReconnect: boolean;
}

/** Decides what a failure means; null leaves it as it is. Never rejects. */
export type ErrorHandler = (failure: Failure) => Promise<HandlerAnswer | null>;
