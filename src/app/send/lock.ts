import type { Settings } from "../../config/settings.ts";
import { errorText, MailqError } from "../../queue/errors.ts";
import { FileLock, NotPlainFile, openOwnFile } from "../../system/file_lock.ts";
import { giveToOwnerOf } from "../../system/files.ts";
import { queuePath } from "../../store/open.ts";
import type { Context } from "../../cli/frame/context.ts";

/** A lock held so long is worth a line, once, even under cron. */
const LONG_HELD_MS = 15 * 60_000;
const POLL_MS = 100;

/** Takes the lock that keeps passes from piling up; null if another pass has it for longer than
 *  `waitMs`. It ends with the process, so a crash leaves none behind. */
export async function takeSendLock(
  context: Context,
  settings: Settings,
  waitMs: number,
): Promise<Disposable | null> {
  const queue = queuePath(settings.queue);
  const path = settings.lockPath ?? `${queue}-lock`;
  const { wait, clock } = context.machine;
  const signal = context.stopSignal();
  const giveUpAt = clock.now() + waitMs;
  let isTold = false;
  for (;;) {
    const lock = await tryTake(path);
    if (lock !== null) {
      giveToOwnerOf(queue, path);
      writeHolder(lock.file, { pid: Deno.pid, since: clock.now(), isTold: false });
      return { [Symbol.dispose]: () => lock.release() };
    }
    const leftMs = giveUpAt - clock.now();
    if (leftMs <= 0 || signal.aborted) break;
    if (!isTold && context.output.isWatched) {
      context.output.note(`${holderText(readHolder(path))} is sending; waiting for it to end`);
    }
    isTold = true;
    await wait(Math.min(POLL_MS, leftMs), signal);
  }
  tellHeld(context, path);
  return null;
}

async function tryTake(path: string): Promise<FileLock | null> {
  try {
    return await FileLock.tryTake(path);
  } catch (error) {
    if (error instanceof NotPlainFile) throw new MailqError("permission", error.message);
    throw new MailqError(
      error instanceof Deno.errors.PermissionDenied ? "permission" : "io_error",
      `Cannot lock ${path}: ${errorText(error)}; set lock_path to a file you may write`,
      { cause: error },
    );
  }
}

interface Holder {
  readonly pid: number;
  readonly since: number;
  readonly isTold: boolean;
}

function writeHolder(file: Deno.FsFile, holder: Holder): void {
  file.truncateSync(0);
  file.seekSync(0, Deno.SeekMode.Start);
  file.writeSync(new TextEncoder().encode(JSON.stringify(holder)));
}

function readHolder(path: string): Holder | null {
  try {
    const value: unknown = JSON.parse(Deno.readTextFileSync(path));
    if (typeof value !== "object" || value === null) return null;
    const since: unknown = Reflect.get(value, "since");
    return {
      pid: Number(Reflect.get(value, "pid")),
      since: typeof since === "number" ? since : NaN,
      isTold: Reflect.get(value, "isTold") === true,
    };
  } catch {
    return null; // being written at this moment
  }
}

function holderText(holder: Holder | null): string {
  return holder === null ? "another pass" : `another pass (process ${holder.pid})`;
}

/** Cron mails every line, into the very queue that may be stuck: only a watcher, or a lock held
 *  too long, is worth one, and the latter once. */
function tellHeld(context: Context, path: string): void {
  const holder = readHolder(path);
  const who = holderText(holder);
  const heldMs = holder === null ? 0 : context.now() - holder.since;
  const isLongHeld = heldMs >= LONG_HELD_MS;
  const { output } = context;
  if (output.isWatched) output.note(`${who} is sending; nothing to do`);
  else if (isLongHeld && holder !== null && !holder.isTold) {
    output.note(`${who} has been sending for ${Math.floor(heldMs / 60_000)} minutes`);
    using file = openOwnFile(path);
    writeHolder(file, { ...holder, isTold: true });
  }
}
