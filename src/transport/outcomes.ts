// Collects what became of each recipient of one hand-over, and makes the report of it. Every
// transport uses it. Recipients whose address can go into no envelope have failed before anything
// is sent.

import type { Delivery, DeliveryOutcome, DeliveryReport } from "../queue/ports/transport.ts";
import { addressFault } from "./envelope.ts";

/** What a report says beside the outcomes. */
interface ReportParts extends Pick<DeliveryReport, "host"> {
  /** Absent: without TLS. */
  readonly tls?: string | null;
  /** Absent: there is no conversation to tell. */
  transcript?(): string | null;
  /** The relay sees to the notices that the sender asked for. */
  readonly seesToNotices?: boolean;
}

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

  /** The indices of the recipients that have no outcome yet, in their order. */
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

  /** Gives all recipients that have no outcome yet this one. */
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

  /** The report. The transcript is made only if a recipient was not sent to. */
  report({ host, tls = null, transcript, seesToNotices }: ReportParts): DeliveryReport {
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
      transcript: isAllSent ? null : transcript?.() ?? null,
      ...(seesToNotices ? { seesToNotices } : {}),
    };
  }
}

/** An outcome that no reply stands behind, and that is not the relay's fault. */
export function withoutReply(kind: DeliveryOutcome["kind"], text: string): DeliveryOutcome {
  return { kind, isRelayFault: false, code: null, enhanced: null, text };
}

/** The outcome where the relay itself is at fault: the message is tried again, without using up a
 *  retry. */
export function relayFault(text: string): DeliveryOutcome {
  return { ...withoutReply("deferred", text), isRelayFault: true };
}
