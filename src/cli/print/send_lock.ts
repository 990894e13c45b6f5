// Says that another pass is sending. Called by `send`; who holds the lock is found out by
// src/app/send/lock.ts.

import type { HeldLock } from "../../app/send/lock.ts";
import type { Output } from "../frame/output.ts";

/** A lock held so long is worth a line, once, even under cron. */
const LONG_HELD_MS = 15 * 60_000;

/** Prints, to whoever watches, that `send` waits. */
export function printWait(output: Output, held: HeldLock): void {
  if (output.isWatched) output.note(`${holderOf(held)} is sending; waiting for it to end`);
}

/** Prints that `send` does nothing. Cron mails every line, into the very queue that may be stuck:
 *  only a watcher, or a lock held too long, is worth one, and the latter once. */
export function printHeld(output: Output, held: HeldLock): void {
  if (output.isWatched) output.note(`${holderOf(held)} is sending; nothing to do`);
  else if (held.heldMs >= LONG_HELD_MS && !held.isTold) {
    output.note(
      `${holderOf(held)} has been sending for ${Math.floor(held.heldMs / 60_000)} minutes`,
    );
    held.noteTold();
  }
}

function holderOf({ pid }: HeldLock): string {
  return pid === null ? "another pass" : `another pass (process ${pid})`;
}
