// What the screen and its thread say to each other: questions, answers, errors. Used by
// worker_data.ts on one side and data_worker.ts on the other.

import { EXIT_STATUS, MailqError } from "../../queue/errors.ts";

/** What the screen asks of the thread that has the queue. */
export interface Question {
  readonly n: number;
  /** A method of Data; `raw` begins, and `next` goes on with, a message's bytes. */
  readonly method: string;
  readonly args: readonly unknown[];
}

/** What comes back. */
export interface Answer {
  readonly n: number;
  readonly value?: unknown;
  readonly error?: {
    readonly code: string | null;
    readonly message: string;
    readonly stack?: string;
  };
}

/** How the queue is opened. */
export interface Opening {
  readonly queue: string;
  readonly isReadonly: boolean;
}

export function errorAnswer(n: number, error: unknown): Answer {
  if (error instanceof MailqError) {
    return { n, error: { code: error.code, message: error.message } };
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return { n, error: { code: null, message, stack } };
}

/** The error on this side. */
export function errorOf({ code, message, stack }: NonNullable<Answer["error"]>): Error {
  for (const known of Object.keys(EXIT_STATUS)) {
    // The keys of an object literal are those of its type.
    if (known === code) return new MailqError(known as keyof typeof EXIT_STATUS, message);
  }
  const error = new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
