// Where mail waits on this machine while a queue on PostgreSQL cannot be reached (`spool = true`): in a drop
// folder, as that of users who may not open a queue. `send` and `run` take it in (src/app/drops). Loaded
// by destination.ts alone, when it comes to that.

import type { Settings } from "../../config/settings.ts";
import { MailqError } from "../../queue/errors.ts";
import type { Enqueued, Enqueuer, Stage } from "../../queue/ports/intake.ts";
import type { WholeMessage } from "../../queue/message.ts";
import { DropBox } from "../../store/drop/box.ts";
import { dropFolder, REFUSED, TAKEN, usableDropFolder } from "../../store/drop/names.ts";
import { makeFolders } from "../../system/files.ts";
import { mend } from "../../system/handles.ts";
import type { App } from "../app.ts";

type SpoolApp = Pick<App, "clock" | "random" | "tell">;

/** As `mailq init system` makes it: who may reach it may leave mail in it. */
const DROP_MODE = 0o1733;
const PRIVATE_MODE = 0o700;

/** Leaves mail in the spool, as the queue cannot be reached; throws `refusal` where none can be made. */
export function openSpool(
  { clock, random, tell }: SpoolApp,
  settings: Settings,
  refusal: MailqError,
): Enqueuer {
  const folder = spoolFolder(settings, refusal);
  tell.detail(`${refusal.message}; the mail waits in ${folder}`);
  return new DropBox(
    folder,
    clock,
    random,
    () => tell.note("priority now: it goes once the queue can be reached"),
  );
}

function spoolFolder({ spoolBeside }: Settings, refusal: MailqError): string {
  if (spoolBeside === null) throw refusal;
  const usable = usableDropFolder(spoolBeside);
  if (usable !== null) return usable;
  const folder = dropFolder(spoolBeside);
  try {
    for (const name of [TAKEN, REFUSED]) makeFolders(`${folder}/${name}`, PRIVATE_MODE);
    const info = Deno.lstatSync(folder);
    const owner = { uid: info.uid ?? 0, gid: info.gid ?? 0 };
    if (!mend(folder, info, { ...owner, mode: DROP_MODE })) throw refusal;
  } catch {
    throw refusal;
  }
  return usableDropFolder(spoolBeside) ?? fail(refusal);
}

function fail(error: Error): never {
  throw error;
}

/** A queue that may go away while mail is handed in: what its commit did not acknowledge goes to the
 *  spool. Should the queue have it all the same, it knows its ids when it is taken in. */
export class SpoolingQueue implements Enqueuer {
  constructor(
    readonly queue: Enqueuer,
    readonly app: SpoolApp,
    readonly settings: Settings,
  ) {}

  async enqueue(messages: readonly WholeMessage[]): Promise<Enqueued[]> {
    try {
      return await this.queue.enqueue(messages);
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      return await openSpool(this.app, this.settings, error).enqueue(messages);
    }
  }

  stage(): Promise<Stage> {
    return this.queue.stage();
  }
}

/** Whether the queue, and not the mail, is what stands in the way, for a while. */
export function isUnreachable(error: unknown): error is MailqError {
  return error instanceof MailqError && error.code === "busy";
}
