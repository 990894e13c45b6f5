// A worker's registration: its row, which is seen to live as long as this process reaches the
// database, and a lock file by which others on this machine see at once that it is dead. Who takes over
// is claims/take_over.ts.

import type { WorkerHandle } from "../../../queue/ports/claims.ts";
import { hexText } from "../../../system/bytes.ts";
import type { Clock, Random } from "../../../system/time.ts";
import { int } from "../../sql/columns.ts";
import { WorkerFile } from "../../worker_file.ts";
import type { Database } from "../db/connection.ts";
import type { Sql, Write } from "../db/transaction.ts";
import { loseClaims } from "./lost_claims.ts";
import type { Marks } from "./marks.ts";

/** How often a worker shows that it lives; its lease (life.ts) is six times as long. */
const SEEN_MS = 10_000;

/** Where every user of a machine may make lock files that last until it is started anew. */
const LOCK_FOLDERS = ["/run/lock", "/tmp"] as const;

interface WorkerTools {
  readonly db: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly marks: Marks;
  /** See OpenOptions. */
  readonly holdsUncertain: () => boolean;
}

interface Registration {
  readonly id: number;
  readonly name: string;
  readonly kind: string;
  /** Null where no lock file can be had: only its lease tells then. */
  readonly file: WorkerFile | null;
  readonly startedAt: number;
}

export class PostgresWorker implements WorkerHandle {
  #isClosed = false;
  readonly #beating: ReturnType<typeof setInterval>;

  constructor(readonly tools: WorkerTools, readonly row: Registration) {
    // What cannot be written now is tried again; a lease has room for some.
    this.#beating = setInterval(() => void this.#show().catch(() => {}), SEEN_MS);
    Deno.unrefTimer(this.#beating);
  }

  get id(): number {
    return this.row.id;
  }

  get clock(): Clock {
    return this.tools.clock;
  }

  mayBegin(token: number): Promise<boolean> | null {
    return this.tools.marks.mayBegin(token);
  }

  noteDataBegun(token: number): void {
    this.row.file?.noteBegun(token);
  }

  noteIdle(): void {
    this.row.file?.noteIdle();
  }

  async beat(): Promise<void> {
    await this.#show(this.clock.now());
  }

  /** Shows that the worker lives. One that others have taken for dead registers again: what it had in
   *  hand then is lost to it, and nothing else. */
  async #show(heartbeatAt?: number): Promise<void> {
    if (this.#isClosed) return;
    const { db } = this.tools;
    await db.write(async (tx) => {
      const seen = await tx.run(
        `UPDATE worker SET seen_at = clock_timestamp(), heartbeat_at = coalesce(?, heartbeat_at)
         WHERE id = ?`,
        heartbeatAt ?? null,
        this.id,
      );
      if (seen === 0) await this.#insert(tx);
    });
  }

  /** Makes sure, until the end of a write, that whoever takes over from the dead finds what this worker
   *  claims. */
  async hold(tx: Sql): Promise<void> {
    const row = await tx.get("SELECT 1 FROM worker WHERE id = ? FOR KEY SHARE", this.id);
    if (row === undefined) await this.#insert(tx);
  }

  async #insert(tx: Sql): Promise<void> {
    const { id, name, kind, file, startedAt } = this.row;
    await tx.run(
      `INSERT INTO worker (id, name, kind, host, pid, lock_file, started_at, heartbeat_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
      id,
      name,
      kind,
      Deno.hostname(),
      Deno.pid,
      file?.path ?? "",
      startedAt,
      this.clock.now(),
    );
  }

  /** Takes the registration out of the queue; whatever the worker did not record or give back is
   *  treated as if it had died. Runs inside a write, which `letGo` follows. */
  async deregister(tx: Write): Promise<void> {
    await loseClaims(tx, this.id, {
      begun: this.row.file?.begun() ?? null,
      holdsUncertain: this.tools.holdsUncertain(),
      now: this.clock.now(),
    });
    await tx.run("DELETE FROM worker WHERE id = ?", this.id);
  }

  /** Frees the lock. Never throws: what the registration was for is on disk by now. */
  letGo(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#beating);
    this.row.file?.remove();
  }

  /** Ends as a killed process does: the registration stays. */
  abandon(): void {
    this.#isClosed = true;
    clearInterval(this.#beating);
    this.row.file?.lock.release();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    await this.tools.db.write((tx) => this.deregister(tx));
    this.letGo();
  }
}

/** Registers a worker. Its lock is held before its row can be seen. */
export async function registerWorker(tools: WorkerTools, kind: string): Promise<PostgresWorker> {
  const { db, clock, random } = tools;
  const name = hexText(random.bytes(16));
  const file = await makeFile(name);
  const now = clock.now();
  try {
    const row = await db.write((tx) =>
      tx.get(
        `INSERT INTO worker (name, kind, host, pid, lock_file, started_at, heartbeat_at)
         VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id`,
        name,
        kind,
        Deno.hostname(),
        Deno.pid,
        file?.path ?? "",
        now,
        now,
      )
    );
    return new PostgresWorker(tools, { id: int(row?.id), name, kind, file, startedAt: now });
  } catch (error) {
    file?.remove();
    throw error;
  }
}

async function makeFile(name: string): Promise<WorkerFile | null> {
  for (const folder of LOCK_FOLDERS) {
    try {
      return await WorkerFile.make(`${folder}/mailq-worker-${name}`, { like: null });
    } catch {
      // The next one may do.
    }
  }
  return null;
}
