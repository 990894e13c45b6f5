// A worker's registration: its row, and the lock file that tells whether it lives and which
// messages had begun to go out. Who takes over from dead workers is claims/take_over.ts.

// The file holds numbers of eight bytes: when the machine was started, then the token of each claim,
// noted just before the first byte of its message goes out. So when a worker has died, what is not
// noted was certainly not sent, and what is noted may have been: that is closed as uncertain.

import type { Clock, Random } from "../../../system/time.ts";
import type { WorkerHandle } from "../../../queue/ports/claims.ts";
import { FileLock } from "../../../system/file_lock.ts";
import { beside, giveToOwnerOf, isThere, nameOf, removeFile } from "../../../system/files.ts";
import type { Connection } from "../db/connection.ts";
import { loseClaims } from "./lost_claims.ts";
import { hexText } from "../../../system/bytes.ts";

const NUMBER_BYTES = 8;
const BOOT_TOLERANCE_MS = 5_000;

/** A worker's registration. Its file is locked as long as its process lives, and lists the
 *  tokens of the claims whose bytes began to go out; what stands there survives a kill -9. */
export class SqliteWorker implements WorkerHandle {
  #isClosed = false;
  readonly #number = new Uint8Array(NUMBER_BYTES);
  readonly #numberView = new DataView(this.#number.buffer);

  constructor(
    readonly db: Connection,
    readonly id: number,
    /** Null for a queue in memory, which no other process sees. */
    readonly lock: FileLock | null,
    readonly clock: Clock,
  ) {}

  noteDataBegun(token: number): void {
    this.#numberView.setFloat64(0, token);
    this.lock?.file.writeSync(this.#number);
  }

  /** Only for a queue that no claim of this worker is in hand of: the notes begin anew. */
  noteIdle(): void {
    if (this.lock === null) return;
    this.lock.file.truncateSync(NUMBER_BYTES);
    this.lock.file.seekSync(NUMBER_BYTES, Deno.SeekMode.Start);
  }

  async beat(): Promise<void> {
    await this.db.write(() =>
      this.db.run(
        "UPDATE worker SET heartbeat_at = ? WHERE id = ?",
        this.clock.now(),
        this.id,
      )
    );
  }

  /** Takes the registration out of the queue; whatever the worker did not record or give back is
   *  treated as if it had died. Runs inside a write, which `letGo` follows. */
  deregister(): void {
    loseClaims(this.db, this.id, this.#begun(), this.clock.now());
    this.db.run("DELETE FROM worker WHERE id = ?", this.id);
  }

  /** Frees the lock. Never throws: what the registration was for is on disk by now. */
  letGo(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      if (this.lock !== null) removeFile(this.lock.path);
    } catch {
      // A file that nobody refers to stays behind.
    }
    this.lock?.release();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    await this.db.write(() => this.deregister());
    this.letGo();
  }

  #begun(): Set<number> | null {
    if (this.lock === null || !isThere(this.lock.path)) return null;
    return readBegunTokens(this.lock);
  }
}

/** Registers a worker. Its lock is held before its row can be seen. */
export async function registerWorker(
  db: Connection,
  kind: string,
  clock: Clock,
  random: Random,
): Promise<SqliteWorker> {
  const name = hexText(random.bytes(8));
  const path = `${db.file}-worker-${name}`;
  const lock = db.isInMemory ? null : await makeLock(db, path);
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
    return new SqliteWorker(db, id, lock, clock);
  } catch (error) {
    if (lock !== null) {
      removeFile(path);
      lock.release();
    }
    throw error;
  }
}

async function makeLock(db: Connection, path: string): Promise<FileLock> {
  const lock = await db.translated(() => FileLock.make(path));
  giveToOwnerOf(db.file, path);
  const boot = new Uint8Array(NUMBER_BYTES);
  new DataView(boot.buffer).setFloat64(0, bootedAt());
  lock.file.writeSync(boot);
  return lock;
}

/** When this machine started, by its own clock, ms since 1970. */
function bootedAt(): number {
  return Date.now() - Deno.osUptime() * 1000;
}

/** Where the lock file of a worker's row lies: beside the queue, wherever that was moved to. */
export function lockPath(db: Connection, lockFile: string): string {
  return beside(db.file, lockFile);
}

/** The tokens that a worker, now dead, had noted as begun; null if the machine was started anew
 *  since (a power cut may have taken the last notes) or that cannot be told. A last entry cut
 *  short was never acted upon. */
export function readBegunTokens(lock: FileLock): Set<number> | null {
  // Not by its path: another that takes the same worker over may have removed the file by now.
  const bytes = bytesOf(lock.file);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (bytes.length < NUMBER_BYTES) return null;
  if (Math.abs(view.getFloat64(0) - bootedAt()) > BOOT_TOLERANCE_MS) return null;
  const tokens = new Set<number>();
  for (let at = NUMBER_BYTES; at + NUMBER_BYTES <= bytes.length; at += NUMBER_BYTES) {
    tokens.add(view.getFloat64(at));
  }
  return tokens;
}

function bytesOf(file: Deno.FsFile): Uint8Array {
  const bytes = new Uint8Array(file.statSync().size);
  file.seekSync(0, Deno.SeekMode.Start);
  let size = 0;
  while (size < bytes.length) {
    const count = file.readSync(bytes.subarray(size));
    if (count === null) break;
    size += count;
  }
  return bytes.subarray(0, size);
}
