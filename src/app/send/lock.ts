// The lock that keeps passes from piling up when cron starts one each minute. Taken by `send`,
// which also prints who holds it. That the lock ends with its process is src/system/file_lock.ts's.

import type { Settings } from "../../config/settings.ts";
import { queuePath } from "../../store/open.ts";
import { openOwnFile } from "../../system/file_lock.ts";
import { giveToOwnerOf } from "../../system/files.ts";
import type { App } from "../app.ts";
import { tryLock } from "../lock_file.ts";

const POLL_MS = 100;

/** The lock, until it is disposed of. */
export interface SendLock extends Disposable {
  readonly kind: "taken";
}

/** Another pass has the lock. */
export interface HeldLock {
  readonly kind: "held";
  /** Null where the holder was just writing who it is. */
  readonly pid: number | null;
  /** How long it has had the lock; 0 if that is not known. */
  readonly heldMs: number;
  /** Whether somebody was told of it already, by `noteTold`. */
  readonly isTold: boolean;
  /** Keeps in the lock's file that somebody was told. */
  noteTold(): void;
}

interface SendLockOptions {
  /** So long another pass is waited for. */
  readonly waitMs: number;
  /** Called once, before the wait. */
  readonly onWait: (held: HeldLock) => void;
}

/** Takes the lock; `held` if another pass has it for longer than `waitMs`, or if told to stop
 *  meanwhile. It ends with the process, so a crash leaves none behind. Throws `permission` or
 *  `io_error` if its file cannot be used. */
export async function takeSendLock(
  app: Pick<App, "clock" | "stopSignal" | "wait">,
  settings: Pick<Settings, "queue" | "lockPath">,
  { waitMs, onWait }: SendLockOptions,
): Promise<SendLock | HeldLock> {
  const queue = queuePath(settings.queue);
  const path = settings.lockPath ?? `${queue}-lock`;
  const { clock } = app;
  const signal = app.stopSignal();
  const giveUpAt = clock.now() + waitMs;
  let hasWaited = false;
  for (;;) {
    const lock = await tryLock({ path, advice: "set lock_path to a file you may write" });
    if (lock !== null) {
      giveToOwnerOf(queue, path);
      writeHolder(lock.file, { pid: Deno.pid, since: clock.now(), isTold: false });
      return { kind: "taken", [Symbol.dispose]: () => lock.release() };
    }
    const leftMs = giveUpAt - clock.now();
    if (leftMs <= 0 || signal.aborted) return heldLock(path, clock.now());
    if (!hasWaited) onWait(heldLock(path, clock.now()));
    hasWaited = true;
    await app.wait(Math.min(POLL_MS, leftMs), signal);
  }
}

function heldLock(path: string, now: number): HeldLock {
  const holder = readHolder(path);
  return {
    kind: "held",
    pid: holder?.pid ?? null,
    heldMs: holder === null ? 0 : now - holder.since,
    isTold: holder?.isTold ?? false,
    noteTold() {
      if (holder === null) return;
      using file = openOwnFile(path);
      writeHolder(file, { ...holder, isTold: true });
    },
  };
}

/** What stands in the lock's file, as JSON. */
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
