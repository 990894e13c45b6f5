// A worker's registration: its row, and the lock file that tells whether it lives and which
// messages had begun to go out. Who takes over from dead workers is claims/take_over.ts.

// The file holds numbers of eight bytes: when the machine was started, then the token of each claim,
// noted just before the first byte of its message goes out. So when a worker has died, what is not
// noted was certainly not sent, and what is noted may have been: that is closed as uncertain.

import type { Clock, Random } from "../../../system/time.ts";
import type { WorkerHandle } from "../../../queue/ports/claims.ts";
import { bootMark, isOfBoot, thisBoot } from "../../../system/boot.ts";
import { FileLock } from "../../../system/file_lock.ts";
import {
  beside,
  discardFile,
  isThere,
  nameOf,
  systemCode,
  writeAllSync,
} from "../../../system/files.ts";
import { giveToOwnerOf } from "../../../system/handles.ts";
import type { Connection } from "../db/connection.ts";
import { fileError, fileTrouble } from "../../file_errors.ts";
import { loseClaims } from "./lost_claims.ts";
import { hexText } from "../../../system/bytes.ts";

const NUMBER_BYTES = 8;

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
    const { lock } = this;
    if (lock === null) return;
    this.#numberView.setFloat64(0, token);
    try {
      writeAllSync(lock.file, this.#number);
    } catch (error) {
      throw lockFileError(lock.path, error);
    }
  }

  /** Only for a queue that no claim of this worker is in hand of: the notes begin anew. */
  noteIdle(): void {
    if (this.lock === null) return;
    try {
      this.lock.file.truncateSync(NUMBER_BYTES);
    } catch {
      return; // The file goes on growing, and old notes say nothing of new claims.
    }
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
    if (this.lock === null) return;
    discardFile(this.lock.path);
    this.lock.release();
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
    if (lock !== null) drop(lock);
    throw error;
  }
}

async function makeLock(db: Connection, path: string): Promise<FileLock> {
  let lock: FileLock | null = null;
  try {
    lock = await FileLock.make(path);
    giveToOwnerOf(db.file, lock.file);
    writeAllSync(lock.file, bootMark(thisBoot()));
    return lock;
  } catch (error) {
    if (lock !== null) drop(lock);
    throw lockFileError(path, error);
  }
}

/** Lets go of a lock that nobody has seen. */
function drop(lock: FileLock): void {
  discardFile(lock.path);
  lock.release();
}

function lockFileError(path: string, error: unknown): Error {
  return fileError(`Cannot lock ${path}`, error);
}

/** Where the lock file of a worker's row lies: beside the queue, wherever that was moved to. */
export function lockPath(db: Connection, lockFile: string): string {
  return beside(db.file, lockFile);
}

/** Whether the worker of a lock file lives: `held` if it does, its lock if it is dead, `gone` if the
 *  file is gone, which only the dead leave; `unknown` for another user's, which is not for us to find
 *  out. Throws for every other trouble: a lock that the system does not give tells nothing of who
 *  holds it. */
export async function lockOf(path: string): Promise<FileLock | "held" | "gone" | "unknown"> {
  try {
    const lock = await FileLock.tryTakeOld(path);
    return lock ?? (isThere(path) ? "held" : "gone");
  } catch (error) {
    const code = systemCode(error);
    if (code !== null && NOT_OURS.includes(code)) return "unknown";
    throw lockFileError(path, error);
  }
}

/** On a disk that may only be read nobody can hold a lock for writing. */
const NOT_OURS: readonly string[] = ["EACCES", "EPERM", "EROFS"];

/** The tokens that a worker, now dead, had noted as begun; null if the machine was started anew
 *  since (a power cut may have taken the last notes) or that cannot be told. A last entry cut
 *  short was never acted upon. */
export function readBegunTokens(lock: FileLock): Set<number> | null {
  // Not by its path: another that takes the same worker over may have removed the file by now.
  const bytes = bytesOf(lock.file);
  if (bytes === null || !isOfBoot(bytes, thisBoot())) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const tokens = new Set<number>();
  for (let at = NUMBER_BYTES; at + NUMBER_BYTES <= bytes.length; at += NUMBER_BYTES) {
    tokens.add(view.getFloat64(at));
  }
  return tokens;
}

/** Null if the disk does not let them be read. */
function bytesOf(file: Deno.FsFile): Uint8Array | null {
  try {
    const bytes = new Uint8Array(file.statSync().size);
    file.seekSync(0, Deno.SeekMode.Start);
    let size = 0;
    while (size < bytes.length) {
      const count = file.readSync(bytes.subarray(size));
      if (count === null) break;
      size += count;
    }
    return bytes.subarray(0, size);
  } catch (error) {
    if (fileTrouble(error) === null) throw error;
    return null;
  }
}
