// What the relays `sendmail:` and `exec:` have in common: a transport that runs a program for each
// message and judges how it ended. Which program, and how it is told the envelope, they say
// themselves.

import { errorText } from "../../queue/errors.ts";
import type {
  DeliverOptions,
  Delivery,
  DeliveryOutcome,
  DeliveryReport,
  Transport,
} from "../../queue/ports/transport.ts";
import { STOPPED, systemText } from "../fault.ts";
import { type ProgramEnd, runProgram } from "./run_program.ts";
import { childVariables, type Variables } from "./variables.ts";
import { systemTimers, type Timers } from "../../system/time.ts";
import { judgeExit } from "./sysexits.ts";
import { Outcomes, relayFault, withoutReply } from "../outcomes.ts";

export interface ProgramSettings {
  readonly name: string;
  /** How long the program may run; by default 10 minutes. */
  readonly limitMs?: number;
  /** The environment it gets, beside what tells of the message; by default ours. */
  readonly env?: Variables;
  readonly timers?: Timers;
}

/** A way out through a program. */
export interface ProgramWay {
  /** Whom we speak to, for people. */
  readonly host: string | null;
  /** What is done, for people: `Running /usr/sbin/sendmail`. */
  readonly step: string;
  readonly path: string;
  /** Whether the program is a shell, which has statuses of its own. */
  readonly isShell: boolean;
  args(sender: string, recipients: readonly string[]): readonly string[];
  input(content: Delivery["content"]): AsyncIterable<Uint8Array>;
}

const LIMIT_MS = 10 * 60_000;
/** Linux takes no argument and no variable over 128 KB. */
const RECIPIENTS_BYTES = 100_000;
const encoder = new TextEncoder();

/** Runs the program once for all recipients of a message, or, where their list is longer than a
 *  command line may be, for as many at a time as it has room for. Each run has one outcome. */
export class ProgramTransport implements Transport {
  constructor(readonly way: ProgramWay, readonly settings: ProgramSettings) {}

  async deliver(delivery: Delivery, options: DeliverOptions): Promise<DeliveryReport> {
    const outcomes = new Outcomes(delivery);
    const transcript: string[] = [];
    let isFirst = true;
    for (const indices of runsOf(outcomes)) {
      let outcome: DeliveryOutcome;
      if (options.signal.aborted) outcome = STOPPED;
      else {
        const onBegin = isFirst ? options.onDataBegin : () => {};
        isFirst = false;
        outcome = await this.#run(outcomes, indices, onBegin, transcript);
      }
      for (const index of indices) outcomes.set(index, outcome);
      if (outcome.isRelayFault) {
        // The other runs would fare no better.
        outcomes.setOpen(outcome);
        break;
      }
    }
    return outcomes.report({
      host: this.way.host,
      transcript: () => transcript.join("\n") || null,
    });
  }

  async #run(
    outcomes: Outcomes,
    indices: readonly number[],
    onBegin: () => void,
    transcript: string[],
  ): Promise<DeliveryOutcome> {
    const { way, settings } = this;
    const { delivery } = outcomes;
    const { sender, content } = delivery;
    const recipients = indices.map((index) => delivery.recipients[index] ?? "");
    const limitMs = settings.limitMs ?? LIMIT_MS;
    const env = childVariables(settings.env ?? Deno.env.toObject(), {
      relay: settings.name,
      delivery,
      recipients,
    });
    let hasBegun = false;
    let end: ProgramEnd;
    try {
      // A program may do its work as soon as it runs, whatever it has read by then.
      onBegin();
      hasBegun = true;
      end = await runProgram({
        path: way.path,
        args: way.args(sender, recipients),
        env,
        input: () => way.input(content),
        limitMs,
        timers: settings.timers ?? systemTimers,
      });
    } catch (error) {
      const text = `${way.step}: ${systemText(error)}`;
      outcomes.noteError(text);
      if (!hasBegun) outcomes.noteThrown(error);
      return hasBegun ? relayFault(text) : withoutReply("deferred", text);
    }
    if (end.kind === "no_input") outcomes.noteThrown(end.error);
    const { outcome, what } = judgeEnd(end, { isShell: way.isShell, limitMs });
    if (outcome.kind !== "sent") {
      outcomes.noteError(
        `${way.step}: ${what}${outcome.text === what ? "" : `: ${lastLine(outcome.text)}`}`,
      );
    }
    if (end.stderr !== "") transcript.push(end.stderr);
    transcript.push(what);
    return outcome;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** The recipients without an outcome, by run: as many as a command line has room for. */
function* runsOf(outcomes: Outcomes): Generator<readonly number[]> {
  let run: number[] = [];
  let size = 0;
  for (const index of outcomes.open()) {
    const room = encoder.encode(outcomes.delivery.recipients[index] ?? "").length + 1;
    if (run.length > 0 && size + room > RECIPIENTS_BYTES) {
      yield run;
      run = [];
      size = 0;
    }
    run.push(index);
    size += room;
  }
  if (run.length > 0) yield run;
}

interface Judged {
  readonly outcome: DeliveryOutcome;
  /** How the program ended, in words. */
  readonly what: string;
}

function judgeEnd(
  end: ProgramEnd,
  { isShell, limitMs }: { readonly isShell: boolean; readonly limitMs: number },
): Judged {
  switch (end.kind) {
    case "exited": {
      const said = lastLines(end.stderr);
      const { kind, isRelayFault, enhanced, text } = judgeExit(end.status, {
        output: said,
        isShell,
      });
      const what = `exit status ${end.status}${text === null ? "" : ` (${text})`}`;
      const reply = enhanced !== null && said.startsWith(enhanced)
        ? said.slice(enhanced.length).trim()
        : said;
      return { outcome: { kind, isRelayFault, code: null, enhanced, text: reply || what }, what };
    }
    case "killed": {
      // Who was killed may have done its work, or the half of it.
      const what = `killed by ${end.signal}`;
      return { outcome: withoutReply("uncertain", what), what };
    }
    case "timeout": {
      const what = `killed, since it had not ended after ${Math.round(limitMs / 1_000)} seconds`;
      return { outcome: withoutReply("uncertain", what), what };
    }
    case "no_input": {
      const what = `killed, since the message could not be read: ${errorText(end.error)}`;
      return { outcome: withoutReply("deferred", what), what };
    }
  }
}

const REPLY_LINES = 5;
const REPLY_CHARACTERS = 1_000;

function lastLines(stderr: string): string {
  const lines = stderr.split(/\r?\n/).map((line) => line.trimEnd()).filter((line) => line !== "");
  return lines.slice(-REPLY_LINES).join("\n").slice(-REPLY_CHARACTERS);
}

function lastLine(text: string): string {
  return text.slice(text.lastIndexOf("\n") + 1);
}
