import type { Settings } from "../../config/settings.ts";
import type { IntakeOptions, IntakeSettings } from "../../intake/options.ts";
import { prepareMessage } from "../../intake/prepare.ts";
import type { Input } from "../../intake/sources/files.ts";
import { errorText, MailqError } from "../../queue/errors.ts";
import type { Enqueued, Stage } from "../../queue/ports/intake.ts";
import type { Store } from "../../queue/ports/store.ts";
import type { WholeMessage } from "../../queue/message.ts";
import type { Context, Machine } from "../../cli/frame/context.ts";
import { OutputClosed } from "../../cli/frame/output.ts";

/** Where mail goes in. */
export interface Destination {
  readonly intake: Pick<Store, "enqueue" | "stage">;
  /** The queue the mail is in once it was taken; null if it is not there yet, or not this
   *  process's to read: then nothing is sent at once, and of a message only its id is told. */
  readonly queue: Store | null;
  /** What goes in may yet be dropped, so no input is taken away. */
  readonly isTentative?: boolean;
}

// What goes into one commit, at most: more makes the write-ahead log grow and other writers wait.
const COMMIT_MESSAGES = 2_000;
const COMMIT_BYTES = 16 * 1024 * 1024;
const COMMIT_READ_MS = 50;

/** Queues all inputs or none, prints their ids, and sends at once what asked for it. */
export async function enqueueInputs(
  context: Context,
  settings: Settings,
  inputs: Iterable<Input> | AsyncIterable<Input>,
  options: IntakeOptions,
): Promise<void> {
  const destination = await openDestination(context, settings);
  const tell = (enqueued: Iterable<Enqueued>) => tellEnqueued(context, destination.queue, enqueued);
  await enqueueInto(context, destination, inputs, options, tell);
}

/** As `enqueueInputs`, where the caller has opened the destination and tells people himself; `tell`
 *  is called once the mail is on disk. */
export async function enqueueInto(
  context: Context,
  destination: Destination,
  inputs: Iterable<Input> | AsyncIterable<Input>,
  options: IntakeOptions,
  tell: (enqueued: Iterable<Enqueued>) => Promise<void> | void,
): Promise<void> {
  const call = new EnqueueCall(context, destination, options);
  const enqueued = await call.run(inputs);
  for (const input of call.toTake) {
    await tolerating(
      context,
      `${input.name} not taken away`,
      () => Promise.resolve(input.taken?.()),
    );
  }
  const { queue } = destination;
  await tolerating(context, "not told", async () => await tell(enqueued));
  if (queue === null || call.urgent.length === 0) return;
  // Of a key that was known another message is in the queue.
  const stored = new Set<string>();
  for (const { id, isKnownKey } of enqueued) if (!isKnownKey) stored.add(id);
  await sendUrgent(context, queue, call.urgent.filter((id) => stored.has(id)));
}

/** Sends mail that is in the queue at once; if that fails it is tried again later. */
export async function sendUrgent(
  context: Context,
  queue: Store,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  await tolerating(context, "not sent at once", () => sendNow(context, queue, ids));
}

/** Where mail of this process goes, by the settings and the environment. */
export async function openDestination(context: Context, settings: Settings): Promise<Destination> {
  const { MAILQ_TX: batch, MAILQ_RELAYING: relay, MAILQ_ID: id } = context.machine.env;
  let store: Store;
  try {
    // The queue of another process's batch is there: one that is not is another, not to be made.
    store = await context.store(settings, !batch);
  } catch (error) {
    if (!(error instanceof MailqError) || error.code !== "permission" || batch) throw error;
    const { openDropBox }: typeof import("./drop_box.ts") = await import(
      import.meta.resolve("./drop_box.ts")
    );
    return { intake: openDropBox(context, settings, error), queue: null };
  }
  if (relay !== undefined && id !== undefined) {
    const { refuseLoop }: typeof import("./refuse_loop.ts") = await import(
      import.meta.resolve("./refuse_loop.ts")
    );
    await refuseLoop(store, relay, id);
  }
  if (!batch) return { intake: store, queue: store };
  return { intake: await store.joinBatch(batch), queue: null, isTentative: true };
}

/** What intake uses of the settings; one by one, since the host's name is looked up only if it is
 *  asked for. */
export function intakeSettings(settings: Settings, machine: Machine): IntakeSettings {
  return {
    from: settings.from,
    forceFrom: settings.forceFrom,
    get hostname() {
      return settings.hostname;
    },
    get user() {
      return machine.user();
    },
    adminAddress: settings.adminAddress,
    maxSizeBytes: settings.maxSizeBytes,
    redirectTo: settings.redirectTo,
  };
}

/** The mail is safe already: whatever goes wrong from here on is no failure of the call, or the
 *  caller would queue it again. */
async function tolerating(
  context: Context,
  what: string,
  step: () => Promise<void>,
): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (!(error instanceof OutputClosed)) {
      context.output.warn(`queued, but ${what}: ${errorText(error)}`);
    }
  }
}

/** One call's messages on their way into the queue: in one commit if they are few, otherwise
 *  staged and made visible together. */
class EnqueueCall {
  /** Ids of messages to be sent by this process. */
  readonly urgent: string[] = [];
  /** Inputs to be taken away once the mail is on disk. */
  readonly toTake: Input[] = [];
  #waiting: WholeMessage[] = [];
  #waitingBytes = 0;
  #waitingSince = 0;
  #stage: Stage | null = null;
  readonly #enqueued = new EnqueuedLog();
  #taken = 0;

  constructor(
    readonly context: Context,
    readonly destination: Destination,
    readonly options: IntakeOptions,
  ) {}

  async run(inputs: Iterable<Input> | AsyncIterable<Input>): Promise<Iterable<Enqueued>> {
    try {
      for await (const input of inputs) {
        if (input.taken !== undefined) this.#noteToTake(input);
        await this.#take(input);
      }
      if (this.#stage === null) return await this.destination.intake.enqueue(this.#waiting);
      await this.#flush();
      const taken = await this.#stage.commit();
      return this.#enqueued.all(taken);
    } catch (error) {
      await this.#stage?.abort();
      throw error;
    }
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
        this.#noteUrgent(message, warnings, input);
        await this.#add(message);
        return;
      }
      const { prepareStream }: typeof import("../../intake/prepare_large.ts") = await import(
        import.meta.resolve("../../intake/prepare_large.ts")
      );
      const large = await prepareStream(bytes.head, bytes.rest, options);
      this.#noteUrgent(large.message, large.warnings, input);
      await this.#flush();
      const stage = await this.#staging();
      const one = await stage.addLarge(large.message, large.pieces, large.facts);
      this.#enqueued.add([one]);
      // What is not read of a pipe kills its writer, and this is no failure.
      if (one.isKnownKey && input.name === "-") { for await (const _ of bytes.rest); }
    } catch (error) {
      throw naming(input, error);
    } finally {
      if (bytes.kind === "large") bytes.close();
    }
  }

  #noteUrgent(
    message: { readonly id: string; readonly priority: string },
    warnings: readonly string[],
    input: Input,
  ): void {
    for (const warning of warnings) this.context.output.warn(`${input.name}: ${warning}`);
    if (message.priority === "now") this.urgent.push(message.id);
  }

  async #add(message: WholeMessage): Promise<void> {
    if (this.#waiting.length === 0) this.#waitingSince = performance.now();
    this.#waiting.push(message);
    this.#waitingBytes += message.content.length;
    const isFull = this.#waiting.length >= COMMIT_MESSAGES ||
      this.#waitingBytes >= COMMIT_BYTES ||
      (this.#stage !== null && performance.now() - this.#waitingSince >= COMMIT_READ_MS);
    if (isFull) await this.#flush();
  }

  async #flush(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const messages = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#enqueued.add(await (await this.#staging()).add(messages));
  }

  async #staging(): Promise<Stage> {
    return this.#stage ??= await this.destination.intake.stage();
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

async function tellEnqueued(
  context: Context,
  queue: Store | null,
  enqueued: Iterable<Enqueued>,
): Promise<void> {
  const { output } = context;
  for (const { id, suppressed, isKnownKey } of enqueued) {
    if (isKnownKey) output.detail(`${id}: known by its key, not queued again`);
    if (suppressed.length > 0) {
      const { sanitise }: typeof import("../../display/sanitise.ts") = await import(
        import.meta.resolve("../../display/sanitise.ts")
      );
      output.note(`${id}: on the do-not-send list: ${sanitise(suppressed.join(", "))}`);
    }
  }
  if (!output.isJson) {
    for (const { id } of enqueued) output.line(id);
  } else {
    const { messageShape }: typeof import("../../cli/print/json_shapes.ts") = await import(
      import.meta.resolve("../../cli/print/json_shapes.ts")
    );
    for (const { id } of enqueued) {
      const message = await queue?.show(id) ?? null;
      output.json(message === null ? { id } : messageShape(message));
    }
  }
  output.flush();
}

async function sendNow(context: Context, store: Store, ids: readonly string[]): Promise<void> {
  const settings = await context.settings("all");
  const { sendOnce }: typeof import("../send/pass.ts") = await import(
    import.meta.resolve("../send/pass.ts")
  );
  const { sent } = await sendOnce(context, settings, store, ids);
  if (sent < ids.length && context.output.isWatched) {
    context.output.note("queued, but not all of it sent at once; `mailq list` says why");
  }
}
