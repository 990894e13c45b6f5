// Tells other processes of commits: those that somebody may wait for at once, as a part of the commit;
// the rest a little later, for screens. read/watch.ts listens.

import type { Database } from "./connection.ts";
import type { Sql } from "./transaction.ts";

export const CHANNEL = "mailq";

/** Screens are told of what workers record at most this often. */
const QUIET_MS = 500;

export class News {
  #timer: ReturnType<typeof setTimeout> | null = null;
  #wakes = 0;
  #telling: Promise<void> = Promise.resolve();

  constructor(
    readonly db: Database,
    /** The name that the teller's own watch knows it by. */
    readonly who: string,
  ) {}

  /** How often this process has told, as far as `mailq.told` counts it: never fewer. */
  get wakes(): number {
    return this.#wakes;
  }

  /** Tells at the commit of a write, whose last statement this is to be. */
  async wake(tx: Sql): Promise<void> {
    this.#wakes++;
    try {
      await tx.all("SELECT mailq.wake(?)", this.who);
    } catch (error) {
      this.#wakes--;
      throw error;
    }
  }

  /** Tells of a commit that was made. Never rejects: what it tells of is on disk. */
  async tell(): Promise<void> {
    await this.db.write((tx) => this.wake(tx)).catch(() => {});
  }

  /** Tells of commits soon, of many at once. */
  tellSoon(): void {
    if (this.#timer !== null) return;
    const timer = this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#telling = this.tell();
    }, QUIET_MS);
    Deno.unrefTimer(timer);
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#telling;
  }
}
