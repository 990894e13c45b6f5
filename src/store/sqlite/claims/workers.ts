// A worker's registration: its row, and the lock file that tells whether it lives and which
// messages had begun to go out. Who takes over from dead workers is claims/take_over.ts.

import type { Clock, Random } from "../../../system/time.ts";
import type { WorkerHandle } from "../../../queue/ports/claims.ts";
import type { FileLock } from "../../../system/file_lock.ts";
import { beside, nameOf } from "../../../system/files.ts";
import type { Connection } from "../db/connection.ts";
import { loseClaims } from "./lost_claims.ts";
import { WorkerFile } from "../../worker_file.ts";
import { hexText } from "../../../system/bytes.ts";

interface WorkerTools {
  readonly clock: Clock;
  readonly random: Random;
  /** See OpenOptions. */
  readonly holdsUncertain?: () => boolean;
}

/** A worker's registration. Its file is locked as long as its process lives, and lists the
 *  tokens of the claims whose bytes began to go out; what stands there survives a kill -9. */
export class SqliteWorker implements WorkerHandle {
  #isClosed = false;

  constructor(
    readonly db: Connection,
    readonly id: number,
    /** Null for a queue in memory, which no other process sees. */
    readonly file: WorkerFile | null,
    readonly tools: Required<Omit<WorkerTools, "random">>,
  ) {}

  get lock(): FileLock | null {
    return this.file?.lock ?? null;
  }

  noteDataBegun(token: number): void {
    this.file?.noteBegun(token);
  }

  /** Only for a queue that no claim of this worker is in hand of: the notes begin anew. */
  noteIdle(): void {
    this.file?.noteIdle();
  }

  async beat(): Promise<void> {
    await this.db.write(() =>
      this.db.run(
        "UPDATE worker SET heartbeat_at = ? WHERE id = ?",
        this.tools.clock.now(),
        this.id,
      )
    );
  }

  /** Takes the registration out of the queue; whatever the worker did not record or give back is
   *  treated as if it had died. Runs inside a write, which `letGo` follows. */
  deregister(): void {
    loseClaims(this.db, this.id, {
      begun: this.file?.begun() ?? null,
      holdsUncertain: this.tools.holdsUncertain(),
      now: this.tools.clock.now(),
    });
    this.db.run("DELETE FROM worker WHERE id = ?", this.id);
  }

  /** Frees the lock. Never throws: what the registration was for is on disk by now. */
  letGo(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.file?.remove();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    await this.db.write(() => this.deregister());
    this.letGo();
  }
}

/** Registers a worker. Its lock is held before its row can be seen. */
export async function registerWorker(
  db: Connection,
  kind: string,
  { clock, random, holdsUncertain = () => false }: WorkerTools,
): Promise<SqliteWorker> {
  const path = `${db.file}-worker-${hexText(random.bytes(8))}`;
  const file = db.isInMemory ? null : await WorkerFile.make(path, { like: db.file });
  const now = clock.now();
  try {
    const id = await db.write(() =>
      db.insert(
        `INSERT INTO worker (kind, host, pid, lock_file, started_at, heartbeat_at)
         VALUES (?, ?, ?, ?, ?, ?)`,
        kind,
        Deno.hostname(),
        Deno.pid,
        nameOf(path),
        now,
        now,
      )
    );
    return new SqliteWorker(db, id, file, { clock, holdsUncertain });
  } catch (error) {
    file?.remove();
    throw error;
  }
}

/** Where the lock file of a worker's row lies: beside the queue, wherever that was moved to. */
export function lockPath(db: Connection, lockFile: string): string {
  return beside(db.file, lockFile);
}
