// Commits of a size that fits the disk: what frees space must get by with the little that is left of a
// full one. For purge.ts and the deleting of messages.

import { MailqError } from "../../../queue/errors.ts";
import type { Connection } from "./connection.ts";

const SHRINK = 8;

/** Commits of at most a given size, of an eighth of that again and again where the disk has no room. */
export class ShrinkingSteps {
  constructor(readonly db: Connection, private size: number) {}

  /** Runs `work` in a write, as `Connection.write` does; returns the size it was done with. Throws
   *  `disk_full` where there is no room even for one. */
  async write<T>(
    work: (size: number) => T,
  ): Promise<{ readonly result: T; readonly size: number }> {
    for (;;) {
      const { size } = this;
      try {
        return { result: await this.db.write(() => work(size)), size };
      } catch (error) {
        const isFull = error instanceof MailqError && error.code === "disk_full";
        if (!isFull || size === 1) throw error;
      }
      // What is in the log goes into the file, whose pages are there, and the log begins anew.
      this.db.get("PRAGMA wal_checkpoint(TRUNCATE)");
      this.size = Math.ceil(size / SHRINK);
    }
  }
}
