// Collects what became of each recipient of one hand-over, and makes the report of it. Every
// transport uses it. Recipients whose address can go into no envelope have failed before anything
// is sent.

import type { Delivery, DeliveryOutcome, DeliveryReport } from "../queue/ports/transport.ts";
import { addressFault } from "./envelope.ts";

/** Collects what became of each recipient of one hand-over. */
export class Outcomes {
  readonly #outcomes: (DeliveryOutcome | null)[];
  #open: number;
  #error: string | null = null;
  #traceback: string | null = null;

  /** Recipients (all of them if it is the sender's) whose address can go into no envelope have
   *  failed from the start. */
  constructor(readonly delivery: Delivery) {
    this.#open = delivery.recipients.length;
    this.#outcomes = new Array(this.#open).fill(null);
    const senderFault = delivery.sender === "" ? null : addressFault(delivery.sender);
    for (let index = 0; index < delivery.recipients.length; index++) {
      const fault = senderFault ?? addressFault(delivery.recipients[index] ?? "");
      if (fault === null) continue;
      this.set(index, withoutReply("failed", fault));
      this.noteError(fault);
    }
  }

  get isComplete(): boolean {
    return this.#open === 0;
  }

  /** How many recipients have no outcome yet. */
  get openCount(): number {
    return this.#open;
  }

  /** The places of the recipients that have no outcome yet. */
  open(): number[] {
    const open: number[] = [];
    for (let i = 0; i < this.#outcomes.length; i++) if (this.#outcomes[i] === null) open.push(i);
    return open;
  }

  /** Gives a recipient its outcome; the first one stays. */
  set(index: number, outcome: DeliveryOutcome): void {
    if (this.#outcomes[index] !== null) return;
    this.#outcomes[index] = outcome;
    this.#open--;
  }

  setOpen(outcome: DeliveryOutcome): void {
    for (let i = 0; i < this.#outcomes.length; i++) this.set(i, outcome);
  }

  /** Keeps the first error, in one line. */
  noteError(error: string): void {
    this.#error ??= error.replace(/\s*[\r\n]+\s*/g, " ");
  }

  noteThrown(error: unknown): void {
    if (error instanceof Error) this.#traceback ??= error.stack ?? null;
  }

  /** The report. `transcript` is asked only if a recipient was not sent. */
  report(
    host: string | null,
    tls: string | null,
    transcript: () => string | null,
  ): DeliveryReport {
    const outcomes = this.#outcomes.map((outcome) =>
      outcome ?? withoutReply("deferred", "The hand-over ended without an outcome")
    );
    const isAllSent = outcomes.every((outcome) => outcome.kind === "sent");
    return {
      outcomes,
      host,
      tls,
      // What went wrong on the way to success is no error.
      error: isAllSent ? null : this.#error,
      traceback: isAllSent ? null : this.#traceback,
      transcript: isAllSent ? null : transcript(),
    };
  }
}

/** An outcome that no reply stands behind. */
export function withoutReply(
  kind: DeliveryOutcome["kind"],
  text: string,
  isRelayFault = false,
): DeliveryOutcome {
  return { kind, isRelayFault, code: null, enhanced: null, text };
}
