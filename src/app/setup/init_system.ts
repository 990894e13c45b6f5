import { MailqError } from "../../queue/errors.ts";
import { folderOf } from "../../system/files.ts";
import { dropFolder, REFUSED, TAKEN } from "../../store/drop/names.ts";
import { queuePath } from "../../store/open.ts";
import type { Context } from "../../cli/frame/context.ts";
import { type PasswdEntry, readPasswd } from "./passwd.ts";
import { programPath } from "./program_path.ts";
import { SetUp } from "./system.ts";

const SYSTEM_QUEUE = "/var/lib/mailq/queue.db";
const SETTINGS_FILE = "/etc/mailq.toml";

/** Everybody may pass through, to what is open to him; nobody but the owner may list it. */
const PASSABLE = 0o711;
const PRIVATE = 0o700;
/** Everybody may leave files (and remove his own: sticky), nobody but the owner list them. */
const DROP = 0o1733;
/** For an owner who is not root: what is left there is of his group, which may read it. */
const DROP_FOR_GROUP = 0o3733;
const QUEUE = 0o600;

/** Makes the system's queue and the drop folder beside it, or brings owners and modes to what they
 *  must be; prints each step, and what to do next. May be called any number of times. Throws
 *  `permission`, `cannot_create`, and `usage` for an unknown user. */
export async function initSystem(context: Context, user: string | null): Promise<void> {
  const settings = await context.settings("all");
  const given = settings.entries().find(({ name }) => name === "queue")?.origin ?? "default";
  const queue = given === "default" ? SYSTEM_QUEUE : absolute(queuePath(settings.queue));
  const owner = ownerOf(user);
  if (Deno.uid() !== 0 && (queue === SYSTEM_QUEUE || owner.uid !== Deno.uid())) {
    throw new MailqError("permission", "Cannot set up the system's queue: only root may; use sudo");
  }
  const setUp = new SetUp(context, owner);
  const folder = folderOf(queue);
  setUp.checkFolder(folder, queue);
  setUp.folder(folder, PASSABLE);
  const isNewQueue = setUp.isMissing(queue);
  await context.store({ ...settings, queue }, true);
  await context.close();
  setUp.file(queue, QUEUE, isNewQueue);
  for (const path of setUp.besides(folder, queue)) setUp.file(path, QUEUE, false);
  const drop = dropFolder(queue);
  // Open to everybody only once there is inside it what must not be his.
  const isNewDrop = setUp.isMissing(drop);
  if (isNewDrop) setUp.make(drop);
  setUp.folder(`${drop}/${TAKEN}`, PRIVATE);
  setUp.folder(`${drop}/${REFUSED}`, PRIVATE);
  setUp.folder(drop, owner.uid === 0 ? DROP : DROP_FOR_GROUP, isNewDrop);
  setUp.warnOfClosed(folder);
  if (!context.output.isJson) tellNext(context, queue, given, owner);
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

function tellNext(context: Context, queue: string, given: string, owner: PasswdEntry): void {
  const { output } = context;
  if (output.globals.isQuiet) return;
  const program = programPath();
  output.text(`
Every user of this machine can hand in mail now; ${owner.name} alone can read it, and sends it.
What to do next:
- In ${SETTINGS_FILE}, say where mail goes${
    given === "default" || given.startsWith(SETTINGS_FILE)
      ? ""
      : ", and where the queue is, which everybody must know"
  }:
    transport = "smtp://smarthost.example.org"
${
    given === "default" || given.startsWith(SETTINGS_FILE)
      ? ""
      : `    queue = ${JSON.stringify(queue)}\n`
  }- Let ${owner.name} send: by cron, in /etc/cron.d/mailq, such as
    * * * * *    ${owner.name}  ${program} send
  or by a service. \`mailq init cron --user ${owner.name}\` and \`mailq init systemd --user ${owner.name}\`
  print the whole of it.
`);
}
