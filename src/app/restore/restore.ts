// Puts a backup in the queue's place, paused, and finds out what of its mail has gone since: by the queue
// that was there, where that can be read. Called by `mailq restore`, which prints it. How the one file
// takes the place of the other is the store's.

import type { Settings } from "../../config/settings.ts";
import { MailqError } from "../../queue/errors.ts";
import type { MessageDetail, MessageSummary } from "../../queue/message.ts";
import type { Store } from "../../queue/ports/store.ts";
import { type MessageStatus, OPEN_STATES } from "../../queue/state.ts";
import { isOnPostgres, queueExists, queuePath } from "../../store/open.ts";
import { type BackupFacts, Restoring } from "../../store/sqlite/act/restore.ts";
import type { App } from "../app.ts";

/** A message that waits in the backup and came to an end since. */
export interface GoneMessage {
  readonly message: MessageSummary;
  /** What became of it by the other queue; null where it was purged there. */
  readonly since: MessageSummary | null;
}

export interface Restored extends BackupFacts {
  readonly queue: string;
  /** Where the queue is now that was there before; null where there was none. */
  readonly kept: string | null;
  /** Whether the two could be compared, since they have mail in common: where not, all that waits may
   *  have gone. */
  readonly isCompared: boolean;
  /** How many have gone to all or some since; they are held in the restored queue. */
  readonly goneCount: number;
  /** The first of these; where nothing was compared, of all that wait. */
  readonly samples: readonly GoneMessage[];
  /** Messages that were queued since, and are in the other queue alone; of these, still to be sent. */
  readonly later: number;
  readonly laterOpen: number;
}

const SAMPLES = 20;
const CHUNK = 200;
const OPEN: readonly MessageStatus[] = ["queued", "sending", "deferred", "held"];

/** Restores a backup. Throws `busy` while a worker of the queue lives or another process has it open,
 *  and what preparing throws; the queue is then as it was. */
export async function restore(
  app: Pick<App, "clock" | "openQueue" | "closeQueue" | "tell">,
  settings: Settings,
  file: string,
): Promise<Restored> {
  if (isOnPostgres(settings.queue)) {
    throw new MailqError(
      "usage",
      `Cannot restore ${file} into the queue ${settings.queue}: PostgreSQL does that itself (pg_restore)`,
    );
  }
  const queue = queuePath(settings.queue);
  const old = queueExists(settings.queue) ? await openOld(app, settings) : null;
  using restoring = await Restoring.prepare(queue, file, app.clock.now());
  const { facts } = restoring;
  const found = await compare(app, settings, restoring, old);
  if (old !== null) await app.closeQueue(old);
  const kept = await restoring.replace(app.clock.now());
  return { queue, kept, ...facts, ...found };
}

/** The queue that is there; null where it is damaged. */
async function openOld(
  app: Pick<App, "openQueue">,
  settings: Settings,
): Promise<Store | null> {
  let store: Store;
  try {
    store = await app.openQueue(settings, { create: false });
  } catch (error) {
    const isDamaged = error instanceof MailqError &&
      (error.code === "queue_corrupt" || error.code === "queue_foreign");
    if (isDamaged) return null;
    throw error;
  }
  const { workers } = await store.status();
  const [worker] = workers;
  if (worker === undefined) return store;
  throw new MailqError(
    "busy",
    `Cannot restore into ${settings.queue}: process ${worker.pid} is sending from it; stop it ` +
      "(`systemctl stop mailq`, or wait for the pass to end), then try again",
  );
}

type Found = Pick<Restored, "isCompared" | "goneCount" | "samples" | "later" | "laterOpen">;

async function compare(
  app: Pick<App, "openQueue" | "closeQueue" | "tell">,
  settings: Settings,
  { file, facts }: Restoring,
  old: Store | null,
): Promise<Found> {
  const copy = await app.openQueue({ ...settings, queue: file }, { create: false });
  try {
    const samples: GoneMessage[] = [];
    const gone: string[] = [];
    const all = { sort: "oldest", after: null, limit: 0 } as const;
    let seen = 0;
    for await (const message of copy.list({ statuses: OPEN }, all)) {
      if (++seen % CHUNK === 0) app.tell.progress(`compared ${seen} of ${facts.open}`);
      const since = old === null ? null : await old.show(message.id);
      if (old !== null && since !== null && !hasGone(message, since)) continue;
      if (old !== null) gone.push(message.id);
      if (samples.length < SAMPLES) samples.push({ message, since });
    }
    app.tell.progress(null);
    // A queue that was made anew, on a new machine say, tells nothing of the backup's mail.
    const isCompared = old !== null && (gone.length < seen || await haveCommon(copy, old));
    const held = isCompared ? gone : [];
    for (let at = 0; at < held.length; at += CHUNK) {
      await copy.hold({ ids: held.slice(at, at + CHUNK) });
    }
    const later = old === null ? { later: 0, laterOpen: 0 } : await countLater(old, copy);
    return { isCompared, goneCount: held.length, samples, ...later };
  } finally {
    await app.closeQueue(copy);
  }
}

/** Whether a message is further than it is in the backup: fewer recipients wait. */
function hasGone(message: MessageSummary, since: MessageDetail): boolean {
  const open = since.recipients.filter(({ state }) => OPEN_STATES.includes(state)).length;
  return open < message.recipientsOpen;
}

/** Whether the newest messages of the one are in the other, or the one has none. */
async function haveCommon(copy: Store, old: Store): Promise<boolean> {
  let seen = 0;
  for await (const { id } of copy.list({}, { sort: "newest", after: null, limit: CHUNK })) {
    if (await old.show(id) !== null) return true;
    seen++;
  }
  return seen === 0;
}

/** What is in the one queue and not in the other. The newest first: it ends at what both know. */
async function countLater(
  old: Store,
  copy: Store,
): Promise<Pick<Restored, "later" | "laterOpen">> {
  let later = 0;
  let laterOpen = 0;
  let known = 0;
  for await (
    const { id, recipientsOpen } of old.list({}, { sort: "newest", after: null, limit: 0 })
  ) {
    if (await copy.show(id) !== null) {
      // What was staged for long may be older than what was queued before it.
      if (++known > CHUNK) break;
      continue;
    }
    known = 0;
    later++;
    if (recipientsOpen > 0) laterOpen++;
  }
  return { later, laterOpen };
}
