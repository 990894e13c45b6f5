// Copies a whole queue into another one, of whichever store, as `mailq copy` asks. Both are paused and
// stay so; what was copied is marked in the queue that takes it, with the same commit, so that a copy
// that was cut off, or is made again later, brings no message twice. The rows are the stores'.

import type { Settings } from "../../config/settings.ts";
import { MailqError } from "../../queue/errors.ts";
import type { Copying, CopyMark } from "../../queue/ports/copying.ts";
import type { Store } from "../../queue/ports/store.ts";
import type { QueueStatus } from "../../queue/status.ts";
import { queueExists } from "../../store/open.ts";
import type { App } from "../app.ts";
import { Progress } from "../progress.ts";

type CopyApp = Pick<App, "openQueue" | "stopSignal" | "tell" | "wait">;

export interface Copied {
  /** Messages that this call brought, and how many earlier ones had brought. */
  readonly messages: number;
  readonly earlier: number;
  /** Those whose key was taken. They have none now, and what was to be sent is held. */
  readonly keyless: number;
  /** Whether events kept their numbers; not where the other queue had events of its own. */
  readonly hasEvents: boolean;
  /** How it looks in the queue that took it. */
  readonly status: QueueStatus;
}

/** How often it is looked whether all that is being sent has ended. */
const LOOK_MS = 500;

interface Side {
  readonly name: string;
  readonly store: Store;
  readonly rows: Copying;
}

/** Copies all of `from` into `to`, both paths or URLs. Throws `usage` for a queue into itself, and `busy`
 *  where it was stopped: called again it goes on. */
export async function copyQueue(
  app: CopyApp,
  settings: Settings,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<Copied> {
  if (!queueExists(from)) {
    throw new MailqError("input_unreadable", `Cannot copy the queue ${from}: there is none`);
  }
  const source = await side(app, settings, from, { create: false });
  const target = await side(app, settings, to, { create: true });
  const id = await source.rows.queueId();
  if (id === await target.rows.queueId()) {
    throw new MailqError(
      "usage",
      `Cannot copy the queue ${from} into ${to}: it is the same queue, or was made of its file`,
    );
  }
  const signal = app.stopSignal();
  const { paused } = await source.store.status();
  if (paused === null || paused.until !== null) {
    await source.store.pause({ reason: `copied to ${to}` });
  }
  const begun = await target.rows.begin(id, `copied from ${from}`);
  await untilNothingIsSent(app, source, signal);
  const { mark, keyless } = await copyMessages(app, id, { source, target, signal }, begun);
  const withEvents = await copyEvents(app, id, { source, target, signal }, mark);
  await target.rows.putOthers(id, await source.rows.others(), withEvents);
  return {
    messages: mark.messages - begun.messages,
    earlier: begun.messages,
    keyless,
    hasEvents: withEvents.events !== null,
    status: await target.store.status(),
  };
}

async function side(
  app: CopyApp,
  settings: Settings,
  name: string,
  { create }: { readonly create: boolean },
): Promise<Side> {
  const store = await app.openQueue({ ...settings, queue: name }, { create, isWorker: true });
  return { name, store, rows: await store.copying() };
}

interface Sides {
  readonly source: Side;
  readonly target: Side;
  readonly signal: AbortSignal;
}

function refuseStopped({ source, signal }: Pick<Sides, "source" | "signal">): void {
  if (!signal.aborted) return;
  throw new MailqError(
    "busy",
    `Stopped copying the queue ${source.name}; the same \`mailq copy\` again goes on`,
  );
}

/** Workers finish what they have; what dead ones had goes back to the queue. */
async function untilNothingIsSent(
  app: CopyApp,
  source: Side,
  signal: AbortSignal,
): Promise<void> {
  using progress = new Progress(app.tell, { what: "waiting for mail that is being sent" });
  for (;;) {
    refuseStopped({ source, signal });
    await source.store.takeOver();
    const left = await source.rows.claimed();
    if (left === 0) return;
    progress.note(left, null);
    await app.wait(LOOK_MS, signal);
  }
}

/** Copies all mail there is by now; what is being staged is waited for. */
async function copyMessages(
  app: CopyApp,
  id: string,
  sides: Sides,
  begun: CopyMark,
): Promise<{ readonly mark: CopyMark; readonly keyless: number }> {
  const { source, target, signal } = sides;
  const total = await source.rows.count(begun.upTo);
  const { newest } = await source.rows.reach();
  using progress = new Progress(app.tell, { what: "copying" });
  let mark = begun;
  let keyless = 0;
  for (;;) {
    const { settled } = await source.rows.reach();
    for (;;) {
      refuseStopped(sides);
      const some = await source.rows.messages(mark.upTo, settled);
      if (some.length === 0) break;
      const put = await target.rows.putMessages(id, some, mark);
      mark = put.mark;
      keyless += put.keyless;
      progress.note(mark.messages - begun.messages, total);
    }
    if (settled >= newest) return { mark, keyless };
    // An open batch, or a large `enqueue`; of a dead process it is swept.
    await source.store.takeOver();
    await app.wait(LOOK_MS, signal);
  }
}

async function copyEvents(
  app: CopyApp,
  id: string,
  sides: Sides,
  begun: CopyMark,
): Promise<CopyMark> {
  const { source, target } = sides;
  using progress = new Progress(app.tell, { what: "copying events" });
  let mark = begun;
  while (mark.events !== null) {
    refuseStopped(sides);
    const page = await source.store.eventsAfter(mark.events);
    if (page.upTo === mark.events) return mark;
    mark = await target.rows.putEvents(id, page, mark);
    progress.note(page.upTo, null);
  }
  return mark;
}
