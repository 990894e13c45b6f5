// Queues all messages of a call or none, whatever they come from: the commands of the command line,
// Maildirs and SMTP conversations call it. It prints nothing and sends nothing: it returns what was
// queued, and the caller tells it and sends what is urgent. Where mail goes is destination.ts's to
// say.

import type { IntakeOptions } from "../../intake/options.ts";
import { prepareMessage } from "../../intake/prepare.ts";
import type { PreparedLarge } from "../../intake/prepare_large.ts";
import type { CountedInputs, Input } from "../../intake/sources/files.ts";
import { errorText, MailqError } from "../../queue/errors.ts";
import type { WholeMessage } from "../../queue/message.ts";
import type { Enqueued, Enqueuer, Stage } from "../../queue/ports/intake.ts";
import type { App } from "../app.ts";
import type { Progress } from "../progress.ts";
import type { Destination } from "./destination.ts";

/** What a call has brought into its destination. */
export interface Queued {
  /** What became of each message, in their order. */
  readonly messages: Iterable<Enqueued>;
  /** Ids of the new messages of priority `now`, in their order; none where they are not this
   *  process's to send. */
  readonly urgent: readonly string[];
}

/** What a call takes in; a number of them that is known beforehand is told. */
export type Inputs = Iterable<Input> | AsyncIterable<Input> | CountedInputs;

// What goes into one commit, at most: more makes the write-ahead log grow and other writers wait.
const COMMIT_MESSAGES = 2_000;
const COMMIT_BYTES = 16 * 1024 * 1024;
const COMMIT_READ_MS = 50;
/** A call that takes longer says how far it has come. */
const LONG_MS = 1_000;

/** Queues all inputs or none. Once it resolves the mail is on disk: from then on nothing may count as
 *  a failure of the call, or its caller would queue the mail again. Warnings about messages, and
 *  inputs that could not be taken away, are told. Throws what is wrong with an input or a message,
 *  and the errors of the destination. */
export async function enqueueInputs(
  app: Pick<App, "tell">,
  destination: Destination,
  inputs: Inputs,
  options: IntakeOptions,
): Promise<Queued> {
  const call = new EnqueueCall(app, destination, options);
  const messages = await call.run(inputs);
  for (const input of call.toTake) takeAway(app, input);
  return { messages, urgent: destination.queue === null ? [] : newOnes(call.urgent, messages) };
}

function takeAway({ tell }: Pick<App, "tell">, input: Input): void {
  try {
    input.taken?.();
  } catch (error) {
    tell.warn(`queued, but ${input.name} not taken away: ${errorText(error)}`);
  }
}

/** Those of `ids` that were stored: of a key that was known another message is in the queue. */
function newOnes(ids: readonly string[], messages: Iterable<Enqueued>): readonly string[] {
  if (ids.length === 0) return [];
  const stored = new Set<string>();
  for (const { id } of messages) stored.add(id);
  return ids.filter((id) => stored.has(id));
}

/** One call's messages on their way into the queue. */
class EnqueueCall {
  /** Ids of messages to be sent at once. */
  readonly urgent: string[] = [];
  /** Inputs to be taken away once the mail is on disk. */
  readonly toTake: Input[] = [];
  readonly #batch: Batch;
  readonly #startedAt = performance.now();
  #taken = 0;
  #progress: Progress | null = null;
  /** How many inputs there are; null where nobody knows. */
  #total: number | null = null;

  constructor(
    readonly app: Pick<App, "tell">,
    readonly destination: Destination,
    readonly options: IntakeOptions,
  ) {
    this.#batch = new Batch(destination.intake);
  }

  async run(inputs: Inputs): Promise<Iterable<Enqueued>> {
    try {
      for await (const input of inputs) {
        if (this.#taken > 0 && this.app.tell.hearsProgress) await this.#tellProgress(inputs);
        if (input.taken !== undefined) this.#noteToTake(input);
        await this.#take(input);
      }
      return await this.#batch.commit();
    } catch (error) {
      await this.#batch.abort();
      throw error;
    } finally {
      this.#progress?.[Symbol.dispose]();
    }
  }

  /** Loads what says how far the call has come only where it takes long. */
  async #tellProgress(inputs: Inputs): Promise<void> {
    if (performance.now() - this.#startedAt < LONG_MS) return;
    if (this.#progress === null) {
      const { Progress }: typeof import("../progress.ts") = await import(
        import.meta.resolve("../progress.ts")
      );
      const startedAt = this.#startedAt;
      this.#progress = new Progress(this.app.tell, { what: "queueing", startedAt });
      if ("count" in inputs) this.#total = inputs.count();
    }
    this.#progress.note(this.#taken, this.#total);
  }

  #noteToTake(input: Input): void {
    if (this.destination.isTentative) {
      throw new MailqError(
        "usage",
        `Cannot take ${input.name} away within \`mailq tx\`: its mail may yet be dropped; ` +
          "unset MAILQ_TX to queue it by itself",
      );
    }
    this.toTake.push(input);
  }

  async #take(input: Input): Promise<void> {
    if (++this.#taken > 1 && this.options.key !== undefined) {
      throw new MailqError("usage", "Cannot give one --key to more than one message");
    }
    const options = { ...this.options, ...input.options };
    const bytes = input.read();
    try {
      if (bytes.kind === "whole") {
        const { message, warnings } = await prepareMessage(bytes.bytes, options);
        this.#note(message, warnings, input);
        await this.#batch.add(message);
        return;
      }
      const { prepareStream }: typeof import("../../intake/prepare_large.ts") = await import(
        import.meta.resolve("../../intake/prepare_large.ts")
      );
      const large = await prepareStream(bytes.head, bytes.rest, options);
      this.#note(large.message, large.warnings, input);
      const { isKnownKey } = await this.#batch.addLarge(large);
      this.#warn(large.lateWarnings(), input);
      // What is not read of a pipe kills its writer, and this is no failure.
      if (isKnownKey && input.name === "-") { for await (const _ of bytes.rest); }
    } catch (error) {
      throw naming(input, error);
    } finally {
      if (bytes.kind === "large") bytes.close();
    }
  }

  #warn(warnings: readonly string[], { name }: Input): void {
    for (const warning of warnings) this.app.tell.warn(`${name}: ${warning}`);
  }

  #note(
    message: { readonly id: string; readonly priority: string },
    warnings: readonly string[],
    input: Input,
  ): void {
    this.#warn(warnings, input);
    if (message.priority === "now") this.urgent.push(message.id);
  }
}

/** Messages on their way into the queue: in one commit if they are few, otherwise staged and made
 *  visible together. */
export class Batch {
  #waiting: WholeMessage[] = [];
  #waitingBytes = 0;
  #waitingSince = 0;
  #stage: Stage | null = null;
  readonly #enqueued = new EnqueuedLog();

  constructor(readonly intake: Enqueuer) {}

  async add(message: WholeMessage): Promise<void> {
    if (this.#waiting.length === 0) this.#waitingSince = performance.now();
    this.#waiting.push(message);
    this.#waitingBytes += message.content.length;
    const isFull = this.#waiting.length >= COMMIT_MESSAGES ||
      this.#waitingBytes >= COMMIT_BYTES ||
      (this.#stage !== null && performance.now() - this.#waitingSince >= COMMIT_READ_MS);
    if (isFull) await this.#flush();
  }

  async addLarge({ message, pieces, facts }: PreparedLarge): Promise<Enqueued> {
    await this.#flush();
    const one = await (await this.#staging()).addLarge(message, pieces, facts);
    this.#enqueued.add([one]);
    return one;
  }

  /** Makes all of it visible; once this resolves the mail is on disk. */
  async commit(): Promise<Iterable<Enqueued>> {
    if (this.#stage === null) return await this.intake.enqueue(this.#waiting);
    await this.#flush();
    return this.#enqueued.all(await this.#stage.commit());
  }

  async abort(): Promise<void> {
    await this.#stage?.abort();
  }

  async #flush(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const messages = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#enqueued.add(await (await this.#staging()).add(messages));
  }

  async #staging(): Promise<Stage> {
    return this.#stage ??= await this.intake.stage();
  }
}

/** What became of messages, in 13 bytes for each that went in as most do: a call may have millions. */
class EnqueuedLog {
  readonly #ids: string[] = [];
  readonly #odd = new Map<number, Enqueued>();
  #count = 0;

  add(enqueued: readonly Enqueued[]): void {
    this.#ids.push(enqueued.map(({ id }) => id).join("\n"));
    for (const one of enqueued) {
      if (one.isKnownKey || one.suppressed.length > 0) this.#odd.set(this.#count, one);
      this.#count++;
    }
  }

  /** All of them, in their order; `taken` has what some ids stand for by now. */
  all(taken: ReadonlyMap<string, Enqueued>): Iterable<Enqueued> {
    return { [Symbol.iterator]: () => this.#each(taken) };
  }

  *#each(taken: ReadonlyMap<string, Enqueued>): Generator<Enqueued> {
    let n = 0;
    for (const ids of this.#ids) {
      for (const id of ids.split("\n")) {
        const one = this.#odd.get(n++) ?? { id, isKnownKey: false, suppressed: [] };
        yield taken.get(id) ?? one;
      }
    }
  }
}

/** Says which input an error is about, where there may be many. */
function naming(input: Input, error: unknown): unknown {
  if (!(error instanceof MailqError) || input.name === "-") return error;
  const isAboutInput = error.code === "bad_message" || error.code === "bad_address";
  return isAboutInput
    ? new MailqError(error.code, `${input.name}: ${error.message}`, { cause: error })
    : error;
}
