// The lock that keeps passes from piling up when cron starts one each minute. Taken by `send`,
// which also prints who holds it. That the lock ends with its process is src/system/file_lock.ts's.

import type { Settings } from "../../config/settings.ts";
import { isOnPostgres, queuePath } from "../../store/open.ts";
import { hexText } from "../../system/bytes.ts";
import { openOwnFile, writeAllSync } from "../../system/files.ts";
import { giveToOwnerOf } from "../../system/handles.ts";
import type { App } from "../app.ts";
import { lockError, tryLock } from "../lock_file.ts";

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
  /** Called again and again while it waits, with what is left of `waitMs`. */
  readonly onWaiting?: (leftMs: number) => void;
}

/** Takes the lock; `held` if another pass has it for longer than `waitMs`, or if told to stop
 *  meanwhile. It ends with the process, so a crash leaves none behind. Throws as `tryLock` does if
 *  its file cannot be used. */
export async function takeSendLock(
  app: Pick<App, "clock" | "stopSignal" | "wait">,
  settings: Pick<Settings, "queue" | "lockPath">,
  { waitMs, onWait, onWaiting }: SendLockOptions,
): Promise<SendLock | HeldLock> {
  // Passes on several hosts do not wait for each other; those of one user on one host do.
  const queue = isOnPostgres(settings.queue) ? null : queuePath(settings.queue);
  const place = {
    path: settings.lockPath ?? (queue === null ? await placeFor(settings.queue) : `${queue}-lock`),
    advice: "set lock_path to a file you may write",
  };
  const { clock } = app;
  const signal = app.stopSignal();
  // Counted down by the waits themselves: the clock may be set meanwhile.
  for (let leftMs = waitMs;;) {
    const lock = await tryLock(place);
    if (lock !== null) {
      try {
        if (queue !== null) giveToOwnerOf(queue, lock.file);
      } catch (error) {
        lock.release();
        throw lockError(place, error);
      }
      writeHolder(lock.file, { pid: Deno.pid, since: clock.now(), isTold: false });
      return { kind: "taken", [Symbol.dispose]: () => lock.release() };
    }
    if (leftMs <= 0 || signal.aborted) return heldLock(place.path, clock.now());
    if (leftMs === waitMs) onWait(heldLock(place.path, clock.now()));
    onWaiting?.(leftMs);
    const ms = Math.min(POLL_MS, leftMs);
    await app.wait(ms, signal);
    leftMs -= ms;
  }
}

/** A file for the lock of a queue that is none itself. */
async function placeFor(queue: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(queue));
  return `/tmp/mailq-send-${Deno.uid()}-${hexText(new Uint8Array(hash).subarray(0, 8))}`;
}

function heldLock(path: string, now: number): HeldLock {
  const holder = readHolder(path);
  return {
    kind: "held",
    pid: holder?.pid ?? null,
    heldMs: holder === null ? 0 : heldSince(holder, now),
    isTold: holder?.isTold ?? false,
    noteTold() {
      if (holder === null) return;
      try {
        using file = openOwnFile(path);
        writeHolder(file, { ...holder, isTold: true });
      } catch {
        // It is told once more.
      }
    },
  };
}

/** No process has run for longer than its machine, whatever was done to the clock. */
function heldSince({ since }: Holder, now: number): number {
  return Math.min(Math.max(0, now - since), Deno.osUptime() * 1000);
}

/** What stands in the lock's file, as JSON. */
interface Holder {
  readonly pid: number;
  readonly since: number;
  readonly isTold: boolean;
}

/** Never throws: it is for the people who ask, and on a full disk the lock holds without it. */
function writeHolder(file: Deno.FsFile, holder: Holder): void {
  try {
    file.truncateSync(0);
    file.seekSync(0, Deno.SeekMode.Start);
    writeAllSync(file, new TextEncoder().encode(JSON.stringify(holder)));
  } catch {
    // Who holds it is not known then.
  }
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
