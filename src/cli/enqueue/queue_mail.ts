// What the commands that take mail in have in common: mail is queued, then told, then what is
// urgent of it is sent. Called by enqueue, compose, sendmail and tx. Loaded at each start of
// enqueue and sendmail: nothing that they do not need may be imported here.

import type { Settings } from "../../config/settings.ts";
import type { IntakeOptions } from "../../intake/options.ts";
import { errorText } from "../../queue/errors.ts";
import type { Store } from "../../queue/ports/store.ts";
import { openDestination } from "../../app/enqueue/destination.ts";
import { enqueueInputs, type Inputs, type Queued } from "../../app/enqueue/enqueue.ts";
import type { Context } from "../frame/context.ts";
import { OutputClosed } from "../frame/output.ts";

/** Tells what was queued; `queue` is null where it is not this process's to read. */
export type Print = (queued: Queued, queue: Store | null) => Promise<void> | void;

/** Queues all inputs or none where mail of this process goes, then does as `followUp`. */
export async function queueMail(
  context: Context,
  settings: Settings,
  inputs: Inputs,
  options: IntakeOptions,
  print: Print,
): Promise<Queued> {
  const destination = await openDestination(context.app, settings);
  const queued = await enqueueInputs(context.app, destination, inputs, options);
  await followUp(context, queued, destination.queue, print);
  return queued;
}

/** Queues all inputs or none and prints their ids. */
export async function queueAndPrint(
  context: Context,
  settings: Settings,
  inputs: Inputs,
  options: IntakeOptions,
): Promise<Queued> {
  return await queueMail(context, settings, inputs, options, printIds(context));
}

/** Prints the ids of what was queued, or its messages as JSON. */
export function printIds({ output }: Context) {
  return async ({ messages }: Queued, queue: Store | null): Promise<void> => {
    for (const { id, suppressed, isKnownKey } of messages) {
      if (isKnownKey) output.detail(`${id}: known by its key, not queued again`);
      if (suppressed.length > 0) {
        const { sanitise }: typeof import("../../display/sanitise.ts") = await import(
          import.meta.resolve("../../display/sanitise.ts")
        );
        output.note(`${id}: on the do-not-send list: ${sanitise(suppressed.join(", "))}`);
      }
    }
    if (!output.isJson) {
      if (output.globals.isQuiet) return;
      for (const { id } of messages) output.line(id);
      return;
    }
    const { messageShape }: typeof import("../print/json_shapes.ts") = await import(
      import.meta.resolve("../print/json_shapes.ts")
    );
    for (const { id } of messages) {
      const message = await queue?.show(id) ?? null;
      output.json(message === null ? { id } : messageShape(message));
    }
  };
}

/** Tells what was queued, and sends at once what asked for it. Never rejects. */
export async function followUp(
  context: Context,
  queued: Queued,
  queue: Store | null,
  print: Print,
): Promise<void> {
  await tolerating(context, "not told", async () => {
    await print(queued, queue);
    context.output.flush();
  });
  if (queue !== null) await sendUrgent(context, queue, queued.urgent);
}

/** A relay that wants less is waited for so long. */
const URGENT_PATIENCE_MS = 2_000;

/** Sends mail that is in the queue at once; if that fails it is tried again later. Never rejects. */
export async function sendUrgent(
  context: Context,
  queue: Store,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  await tolerating(context, "not sent at once", async () => {
    const settings = await context.settings("all");
    const { sendOnce }: typeof import("../../app/send/pass.ts") = await import(
      import.meta.resolve("../../app/send/pass.ts")
    );
    const { sent } = await sendOnce(context.app, settings, queue, {
      ids,
      // Whoever queues the mail waits for this.
      patienceMs: URGENT_PATIENCE_MS,
    });
    if (sent < ids.length && context.output.isWatched) {
      context.output.note("queued, but not all of it sent at once; `mailq list` says why");
    }
  });
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
