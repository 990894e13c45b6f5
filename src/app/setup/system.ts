// Makes the system's queue, its folder and the drop folder beside it, or mends their owners and
// modes. Called by `mailq init system`, which prints the steps and says what to do next.

import { MailqError } from "../../queue/errors.ts";
import { folderOf } from "../../system/files.ts";
import { dropFolder, REFUSED, TAKEN } from "../../store/drop/names.ts";
import { isOnPostgres, queuePath } from "../../store/open.ts";
import type { App } from "../app.ts";
import { type PasswdEntry, readPasswd } from "../../system/passwd.ts";
import { SetUp, type SetUpStep } from "./folders.ts";

const SYSTEM_QUEUE = "/var/lib/mailq/queue.db";

/** Everybody may pass through, to what is open to him; nobody but the owner may list it. */
const PASSABLE = 0o711;
const PRIVATE = 0o700;
/** Everybody may leave files (and remove his own: sticky), nobody but the owner list them. */
const DROP = 0o1733;
/** For an owner who is not root: what is left there is of his group, which may read it. */
const DROP_FOR_GROUP = 0o3733;
const QUEUE = 0o600;

/** How the system's queue is to be set up. */
interface SystemOptions {
  /** The login name of the owner; null is the user who asks. */
  readonly user: string | null;
  /** Told each step as soon as it is done: what comes after it may fail. */
  readonly onStep: (step: SetUpStep) => void;
}

/** The system's queue as it was set up. */
export interface SystemSetUp {
  readonly queue: string;
  /** Where the settings say where the queue is; `default` where none does. */
  readonly origin: string;
  /** The login name of the owner. */
  readonly owner: string;
}

/** Makes the system's queue and the drop folder beside it, or brings owners and modes to what they
 *  must be. May be called any number of times. Throws `permission`, `cannot_create`, and `usage`
 *  for an unknown user. */
export async function setUpSystem(
  app: Pick<App, "tell" | "settings" | "openQueue" | "closeQueue">,
  { user, onStep }: SystemOptions,
): Promise<SystemSetUp> {
  const settings = await app.settings("all");
  const origin = settings.entries().find(({ name }) => name === "queue")?.origin ?? "default";
  if (isOnPostgres(settings.queue)) {
    throw new MailqError(
      "usage",
      `Cannot set up the queue ${settings.queue} as this machine's: it is on PostgreSQL, whose roles say who ` +
        "may use it; `mailq migrate` makes it",
    );
  }
  const queue = origin === "default" ? SYSTEM_QUEUE : absolute(queuePath(settings.queue));
  const owner = ownerOf(user);
  if (Deno.uid() !== 0 && (queue === SYSTEM_QUEUE || owner.uid !== Deno.uid())) {
    throw new MailqError("permission", "Cannot set up the system's queue: only root may; use sudo");
  }
  const setUp = new SetUp(owner, onStep);
  const folder = folderOf(queue);
  setUp.checkFolder(folder, queue);
  setUp.folder(folder, PASSABLE);
  const isNewQueue = setUp.isMissing(queue);
  await app.closeQueue(await app.openQueue({ ...settings, queue }, { create: true }));
  setUp.file(queue, QUEUE, isNewQueue);
  for (const path of setUp.besides(folder, queue)) setUp.file(path, QUEUE, false);
  const drop = dropFolder(queue);
  // Open to everybody only once there is inside it what must not be his.
  const isNewDrop = setUp.isMissing(drop);
  if (isNewDrop) setUp.make(drop);
  setUp.folder(`${drop}/${TAKEN}`, PRIVATE);
  setUp.folder(`${drop}/${REFUSED}`, PRIVATE);
  setUp.folder(drop, owner.uid === 0 ? DROP : DROP_FOR_GROUP, isNewDrop);
  setUp.warnOfClosed(folder, app.tell);
  return { queue, origin, owner: owner.name };
}

function absolute(path: string): string {
  return path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
}

function ownerOf(user: string | null): PasswdEntry {
  const users = readPasswd();
  const uid = Deno.uid() ?? 0;
  const owner = user === null
    ? users.find((one) => one.uid === uid) ?? { name: `uid${uid}`, uid, gid: Deno.gid() ?? 0 }
    : users.find((one) => one.name === user);
  if (owner !== undefined) return owner;
  throw new MailqError(
    "usage",
    `Cannot find the user ${JSON.stringify(user)} in /etc/passwd; make one, such as by ` +
      "`useradd --system --user-group --no-create-home --shell /usr/sbin/nologin mailq`",
  );
}
