// Opens a file under a lock (flock) that other mail programs respect, and waits for it within
// limits. The relay `file:` takes it for each message.

import { HandOverFault, onDisk, STOPPED } from "../fault.ts";
import { relayFault } from "../outcomes.ts";
import type { Timers } from "../../system/time.ts";

interface Taker {
  resolve(file: Deno.FsFile): void;
  reject(error: unknown): void;
}

/** Opens one file for appending, with a lock on it (flock) that other programs respect. Closing
 *  the file ends the lock. */
export class LockedFile {
  #isWaiting = false;
  #taker: Taker | null = null;

  constructor(readonly path: string, readonly timers: Timers) {}

  /** The file, locked; made (0600) if it is not there. Gives up after `limitMs` or when told to
   *  stop. One call at a time. Throws `HandOverFault`. */
  take(limitMs: number, signal: AbortSignal): Promise<Deno.FsFile> {
    return new Promise((resolve, reject) => {
      const end = () => {
        cancelTimer();
        signal.removeEventListener("abort", stop);
        this.#taker = null;
      };
      const giveUp = (fault: HandOverFault) => {
        end();
        reject(fault);
      };
      const stop = () => giveUp(new HandOverFault(STOPPED));
      const cancelTimer = this.timers.after(limitMs, () => {
        const text = `Locking ${this.path}: another program has held the lock for ` +
          `${Math.round(limitMs / 1_000)} seconds`;
        giveUp(new HandOverFault(relayFault(text)));
      });
      signal.addEventListener("abort", stop);
      this.#taker = {
        resolve(file) {
          end();
          resolve(file);
        },
        reject(error) {
          end();
          reject(error);
        },
      };
      // A wait for a lock cannot be called off: one that nobody stayed for serves the next.
      if (!this.#isWaiting) this.#wait();
    });
  }

  #wait(): void {
    this.#isWaiting = true;
    openLocked(this.path).then((file) => {
      this.#isWaiting = false;
      if (this.#taker === null) file.close();
      else this.#taker.resolve(file);
    }, (error) => {
      this.#isWaiting = false;
      this.#taker?.reject(error);
    });
  }
}

async function openLocked(path: string): Promise<Deno.FsFile> {
  for (;;) {
    const file = await onDisk(
      `Opening ${path}`,
      Deno.open(path, { read: true, write: true, append: true, create: true, mode: 0o600 }),
    );
    try {
      const { isFile, dev, ino } = await onDisk(`Opening ${path}`, file.stat());
      if (!isFile) {
        const text = `Opening ${path}: it is no regular file`;
        throw new HandOverFault(relayFault(text));
      }
      await onDisk(`Locking ${path}`, file.lock(true));
      const there = await Deno.stat(path).catch(() => null);
      // While we waited the file may have been moved away, as logrotate does.
      if (there !== null && there.dev === dev && there.ino === ino) return file;
    } catch (error) {
      file.close();
      throw error;
    }
    file.close();
  }
}
