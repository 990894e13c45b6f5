// Finds what lies in the drop folder of a queue and has it taken in, drop by drop. Called before a
// pass (send), and beside the service by watch.ts. What a drop may say is intake.ts's to judge.

import type { Settings } from "../../config/settings.ts";
import { errorText, MailqError } from "../../queue/errors.ts";
import type { Claims } from "../../queue/ports/claims.ts";
import type { Intake } from "../../queue/ports/intake.ts";
import type { Reader } from "../../queue/ports/reader.ts";
import { DropFolder, ownerOf, type TakenDrop } from "../../store/drop/folder.ts";
import { usableDropFolder } from "../../store/drop/names.ts";
import { DropOpener } from "../../store/drop/opener.ts";
import { Turns } from "../../system/time.ts";
import { folderOf, isThere, systemCode } from "../../system/files.ts";
import { giveToOwnerOf } from "../../system/handles.ts";
import { isOnPostgres, queuePath } from "../../store/open.ts";
import { sanitise } from "../../display/sanitise.ts";
import type { App } from "../app.ts";
import { tryLock } from "../lock_file.ts";
import type { DropIntake } from "./intake.ts";
import { type PasswdEntry, readPasswd, userName } from "../../system/passwd.ts";

/** Mail in the queue waits no longer for what lies in the folder; that goes on beside it. */
const HEAD_START_MS = 1_000;
/** No longer than this for a folder that is being filled all the time. */
const IMPORT_MS = 20_000;
/** After so long the folder is looked at anew: whoever has come meanwhile has his turn, too. */
const LOOK_MS = 300;
/** So long another process that is importing is waited for. */
const LOCK_MS = 2_000;
const LOCK_POLL_MS = 50;
/** More lines than this say nothing more, and cron would mail all of them. */
const MAX_TOLD = 10;

/** What taking drops in needs. */
export type DropsApp = Pick<App, "clock" | "random" | "tell" | "stopSignal">;

/** The queue as far as drops need it. */
type DropStore = Intake & Reader & Pick<Claims, "takeOver">;

/** Takes into the queue what lies in its drop folder, for a pass: resolves when that is done, or after
 *  a second, and it goes on beside the pass then; whoever disposes of it waits for the rest. Whatever
 *  goes wrong is told and does not stop the pass. */
export async function takeInDrops(
  app: DropsApp & Pick<App, "wait">,
  settings: Settings,
  store: DropStore,
): Promise<AsyncDisposable> {
  const done = new AbortController();
  const taking = takeInAll(app, settings, store).finally(() => done.abort());
  await Promise.race([taking, app.wait(HEAD_START_MS, done.signal)]);
  return { [Symbol.asyncDispose]: () => taking };
}

async function takeInAll(
  app: DropsApp & Pick<App, "wait">,
  settings: Settings,
  store: DropStore,
): Promise<void> {
  using opener = new DropOpener();
  try {
    const giveUpAt = performance.now() + LOCK_MS;
    while (!await importDrops(app, settings, opener, () => Promise.resolve(store))) {
      if (performance.now() > giveUpAt || app.stopSignal().aborted) return;
      await app.wait(LOCK_POLL_MS, app.stopSignal());
    }
  } catch (error) {
    app.tell.warn(`mail in the drop folder has to wait: ${errorText(error)}`);
  }
}

/** Takes into the queue what lies in its drop folder: each drop in one transaction, and only then
 *  is it removed, so that after a crash in between its ids are known. What cannot be taken is
 *  moved aside and told in a line; it stands in nobody's way. False if another process is at it.
 *  Rejects, leaving everything in its place, where the queue or the folder is in trouble. */
export async function importDrops(
  app: DropsApp,
  settings: Settings,
  opener: DropOpener,
  openStore: () => Promise<DropStore>,
): Promise<boolean> {
  const queue = droppedBeside(settings);
  if (queue === null) return true;
  const path = usableDropFolder(queue);
  if (path === null) return true;
  const folder = DropFolder.open(path);
  const { leftovers, dropped } = await folder.look(app.clock.now());
  if (leftovers.length + dropped.length === 0) return true;
  const lock = await tryLock({
    path: `${queue}-drop-lock`,
    advice: "mailq must be able to write it",
  });
  if (lock === null) return false;
  try {
    giveToOwnerOf(isThere(queue) ? queue : folderOf(queue), lock.file);
    await new DropImport(app, settings, await openStore(), folder, opener).run();
    return true;
  } finally {
    lock.release();
  }
}

/** The file beside which the drop folder of a queue lies; null where it has none: a queue on PostgreSQL is
 *  nobody's file, its users are the database's roles, and only what it could not take waits here. */
export function droppedBeside({ queue, spoolBeside }: Settings): string | null {
  return isOnPostgres(queue) ? spoolBeside : queuePath(queue);
}

class DropImport {
  #refused = 0;
  /** After one that the disk has no room for: what is smaller may still fit. */
  #roomBytes = Infinity;
  #diskFull: MailqError | null = null;
  readonly #users: readonly PasswdEntry[] = readPasswd();
  /** What has had its try: it may still be there. */
  readonly #tried = new Set<string>();
  readonly #turns = new Turns();

  constructor(
    readonly app: DropsApp,
    readonly settings: Settings,
    readonly store: DropStore,
    readonly folder: DropFolder,
    readonly opener: DropOpener,
  ) {}

  async run(): Promise<void> {
    const { app, folder, store } = this;
    const { DropIntake }: typeof import("./intake.ts") = await import(
      import.meta.resolve("./intake.ts")
    );
    const isSpool = this.settings.spoolBeside !== null;
    const own = isSpool ? userName(Deno.uid() ?? 0, this.#users) : null;
    const intake = new DropIntake(app, this.settings, store, own);
    const stopAt = performance.now() + IMPORT_MS;
    let look = await folder.look(app.clock.now());
    // What the process that had taken them was staging would be in the way of their ids.
    if (look.leftovers.length > 0) await store.takeOver();
    await this.#each(look.leftovers, stopAt, async (name) => {
      const drop = folder.leftover(name);
      await this.#refusing(drop.path, () => this.#take(intake, drop));
    });
    const take = async (name: string) => {
      const drop = await this.#refusing(folder.dropped(name), () => folder.take(name));
      if (drop !== null) await this.#refusing(drop.path, () => this.#take(intake, drop));
    };
    while (!await this.#each(look.dropped, Math.min(stopAt, performance.now() + LOOK_MS), take)) {
      if (app.stopSignal().aborted || performance.now() > stopAt) break;
      look = await folder.look(app.clock.now());
    }
    if (this.#refused > MAX_TOLD) {
      app.tell.note(`refused ${this.#refused - MAX_TOLD} more drops`);
    }
    const deleted = await folder.sweepRefused(app.clock.now());
    if (deleted > 0) {
      app.tell.note(
        `deleted ${deleted} refused drops: older than 90 days, or more than 1000 of one user`,
      );
    }
    if (this.#diskFull !== null) throw this.#diskFull;
  }

  /** Takes each that has not had its try; false if told to stop, or at `stopAt`, before the last. */
  async #each(
    names: readonly string[],
    stopAt: number,
    take: (name: string) => Promise<void>,
  ): Promise<boolean> {
    const signal = this.app.stopSignal();
    for (const name of names) {
      if (this.#tried.has(name)) continue;
      if (signal.aborted || performance.now() > stopAt) return false;
      this.#tried.add(name);
      await this.#turns.give();
      await take(name);
    }
    return true;
  }

  async #take(intake: DropIntake, drop: TakenDrop): Promise<void> {
    const { folder, app: { tell } } = this;
    const opened = await folder.open(drop, intake.maxBytes, this.opener);
    // Its owner keeps it from being read for a while: the next pass tries again.
    if (opened === null) return;
    using file = opened;
    if (file.sizeBytes > this.#roomBytes) return;
    const submitter = userName(file.uid, this.#users);
    let ids: string[] | null;
    try {
      ids = await intake.take(file, submitter);
    } catch (error) {
      if (!(error instanceof MailqError) || error.code !== "disk_full") throw error;
      this.#diskFull ??= error;
      // By halves, or a thousand large ones would be tried in vain.
      this.#roomBytes = file.sizeBytes / 2;
      return;
    }
    folder.remove(drop);
    if (ids === null) {
      const text = `a drop of ${submitter} is in the queue already`;
      if (drop.isLeftover) tell.detail(text);
      else tell.note(text);
    } else tell.event({ type: "message.enqueued", ids, submitter, way: "drop", client: null });
  }

  /** Runs a step that may find the drop unfit, which moves it aside and makes null of it. */
  async #refusing<T>(path: string, step: () => T | Promise<T>): Promise<T | null> {
    try {
      return await step();
    } catch (error) {
      if (!isDropsFault(error)) throw error;
      const uid = ownerOf(path);
      const at = this.folder.refuse(path);
      if (at === null || ++this.#refused > MAX_TOLD) return null;
      const who = uid === null ? "" : `of ${userName(uid, this.#users)}, `;
      const text = errorText(error).replace(/^Cannot take the drop: /, "");
      this.app.tell.note(
        `refused a drop (${who}now ${JSON.stringify(sanitise(at))}): ${sanitise(text)}`,
      );
      return null;
    }
  }
}

/** Whether a drop itself is to blame, be it for finding a mistake of ours, and not the queue or the
 *  machine. */
function isDropsFault(error: unknown): boolean {
  if (error instanceof MailqError) {
    return error.code === "bad_message" || error.code === "bad_address";
  }
  return systemCode(error) === null;
}
