// Says where mail of this process goes: into the queue, into the drop folder beside it where the
// queue is another user's, or into the open batch of a `mailq tx`. Every way of taking mail in
// opens its destination here and hands it to enqueueInputs.

import type { Settings } from "../../config/settings.ts";
import { MailqError } from "../../queue/errors.ts";
import type { Enqueuer } from "../../queue/ports/intake.ts";
import type { Reader } from "../../queue/ports/reader.ts";
import type { Store } from "../../queue/ports/store.ts";
import { isOnPostgres } from "../../store/open.ts";
import type { App } from "../app.ts";

/** Where mail goes in. */
export interface Destination {
  readonly intake: Enqueuer;
  /** The queue the mail is in once it was taken; null if it is not there yet, or not this
   *  process's to read: then nothing is sent at once, and of a message only its id is known. */
  readonly queue: Store | null;
  /** What goes in may yet be dropped, so no input is taken away. */
  readonly isTentative?: boolean;
}

/** What is needed to find the destination. */
export type DestinationApp = Pick<
  App,
  "clock" | "random" | "env" | "tell" | "openQueue" | "closeQueue"
>;

/** Where mail of this process goes, by the settings and the environment. Throws the errors of
 *  opening a queue: `permission` only where there is no drop folder either; and `config_invalid`
 *  where the mail would go round in circles. */
export async function openDestination(
  app: DestinationApp,
  settings: Settings,
): Promise<Destination> {
  const { MAILQ_TX: batch, MAILQ_RELAYING: relay, MAILQ_ID: id } = app.env;
  let store: Store;
  try {
    // The queue of another process's batch is there: one that is not is another, not to be made.
    store = await app.openQueue(settings, { create: !batch });
  } catch (error) {
    if (settings.spoolBeside !== null && !batch) {
      const { isUnreachable, openSpool } = await loadSpool();
      if (isUnreachable(error)) return { intake: openSpool(app, settings, error), queue: null };
    }
    const isRefused = error instanceof MailqError && error.code === "permission";
    if (!isRefused || batch || isOnPostgres(settings.queue)) throw error;
    const { openDropBox }: typeof import("./drop_box.ts") = await import(
      import.meta.resolve("./drop_box.ts")
    );
    return { intake: await openDropBox(app, settings, error), queue: null };
  }
  try {
    if (relay !== undefined && id !== undefined) await refuseLoop(store, relay, id);
    if (!batch && settings.spoolBeside !== null) {
      const { SpoolingQueue } = await loadSpool();
      return { intake: new SpoolingQueue(store, app, settings), queue: store };
    }
    if (!batch) return { intake: store, queue: store };
    return { intake: await store.joinBatch(batch), queue: null, isTentative: true };
  } catch (error) {
    await app.closeQueue(store);
    throw error;
  }
}

function loadSpool(): Promise<typeof import("./spool.ts")> {
  return import(import.meta.resolve("./spool.ts"));
}

/** A relay's program that hands its message to the queue it comes from would be run again for it,
 *  and for ever. */
async function refuseLoop(store: Reader, relay: string, id: string): Promise<void> {
  const message = await store.show(id);
  if (message?.recipients.some(({ state }) => state === "sending") !== true) return;
  throw new MailqError(
    "config_invalid",
    `Cannot queue mail from within the program of the relay "${relay}": it is handing over ` +
      `message ${id} of this very queue, and mail would go round in circles; ` +
      "expected a program that leads out of mailq",
  );
}
