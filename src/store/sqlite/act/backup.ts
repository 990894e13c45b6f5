// Copies the queue into a file of its own while others go on writing. For `mailq backup`; the
// checks of the target's name are here, the writing of new files is src/system/new_file.ts's.

import { MailqError } from "../../../queue/errors.ts";
import type { BackupOptions, BackupResult } from "../../../queue/ports/operator.ts";
import { folderOf, isThere, nameOf, removeFile, writeAllSync } from "../../../system/files.ts";
import { NewFile } from "../../../system/new_file.ts";
import { cannotWrite, onFile } from "../../cannot_write.ts";
import { Connection } from "../db/connection.ts";
import { number } from "../../sql/columns.ts";
import { VISIBLE } from "../../sql/condition.ts";

const PIECE_BYTES = 1024 * 1024;
const PATIENCE_MS = 10_000;

/** See Operator.backup. Copies the file's bytes, so it needs nothing of SQLite that some version lacks:
 *
 *  1. Under the write lock a reading transaction is begun and the write-ahead log is copied, which is
 *     some megabytes. Nobody can append to the log or begin it anew meanwhile.
 *  2. Without that lock the database's file is copied. As long as the reader's mark stands, whoever
 *     checkpoints can move no frame into the file but those that are in the copied log, too, and the
 *     log cannot begin anew. Pages caught in the middle of that are whole in the log.
 *  3. Opening the copy plays its log back (sqlite.org/walformat.html), which gives the moment of
 *     step 1. */
export async function backup(
  db: Connection,
  path: string,
  { replaces, signal, onProgress }: BackupOptions,
  now: number,
): Promise<BackupResult> {
  if (db.isInMemory) {
    throw new MailqError("input_unreadable", "Cannot back up the queue: there is none yet");
  }
  refuseOwnFiles(db, path);
  using copy = await NewFile.make(path, { replaces, toError: cannotWrite });
  using _log = removed(`${copy.temporary}-wal`);
  using _index = removed(`${copy.temporary}-shm`);
  await copyQueue(db, copy, { signal, onProgress });
  const facts = await check(db, copy.temporary, now);
  const { size } = await onFile(path, () => Deno.stat(copy.temporary));
  await onFile(path, async () => {
    using file = await Deno.open(copy.temporary, { read: true, write: true });
    await file.sync();
  });
  await copy.publish();
  return { sizeBytes: size, ...facts, madeAt: now };
}

async function copyQueue(
  db: Connection,
  copy: NewFile,
  { signal, onProgress }: Pick<BackupOptions, "signal" | "onProgress">,
): Promise<void> {
  const source = await onFile(copy.path, () => Deno.open(db.file));
  // Closing any file handle of a database frees the process's locks on it (fcntl(2)), so this one
  // stays open until SQLite has closed its own.
  db.keepUntilClosed(source);
  const lock = await Connection.open({
    path: db.file,
    create: false,
    busyTimeoutMs: 100,
    patienceMs: PATIENCE_MS,
  });
  let isReading = false;
  try {
    const begin = () => {
      db.run("BEGIN");
      isReading = true;
      // A transaction begins to read with its first statement.
      db.get("SELECT 1 FROM meta LIMIT 1");
      copyLog(`${db.file}-wal`, `${copy.temporary}-wal`);
    };
    await onFile(copy.path, () => lock.write(begin));
    const piece = new Uint8Array(PIECE_BYTES);
    const { size } = await onFile(copy.path, () => source.stat());
    for (let done = 0;;) {
      if (signal.aborted) {
        throw new MailqError("busy", `Cannot write ${copy.path}: stopped before it was whole`);
      }
      const count = await onFile(copy.path, () => source.read(piece));
      if (count === null) break;
      await copy.write(piece.subarray(0, count));
      done += count;
      onProgress?.(done, size);
    }
    await copy.finish();
  } finally {
    if (isReading) db.run("COMMIT");
    lock.close();
  }
}

/** Runs under the write lock: it waits for nothing else. */
function copyLog(from: string, to: string): void {
  if (!isThere(from)) return;
  using source = Deno.openSync(from);
  using target = Deno.openSync(to, { write: true, createNew: true, mode: 0o600 });
  const piece = new Uint8Array(PIECE_BYTES);
  for (;;) {
    const count = source.readSync(piece);
    if (count === null) break;
    writeAllSync(target, piece.subarray(0, count));
  }
}

/** Where a backup tells when it was made. */
export const BACKED_UP_AT = "backed_up_at";

/** Opens the copy as a queue, looks at all of it, notes when it was made, and makes it one file. */
async function check(
  db: Connection,
  path: string,
  now: number,
): Promise<Pick<BackupResult, "messages" | "newestAt">> {
  const damaged = (what: string, cause?: unknown) =>
    new MailqError(
      "queue_corrupt",
      `Cannot back up the queue ${db.path}: the file is damaged (${what}); nothing was written`,
      { cause },
    );
  try {
    const copy = await Connection.open({ path, create: false, busyTimeoutMs: 0, patienceMs: 0 });
    try {
      const [found] = copy.all("PRAGMA integrity_check(1)");
      if (found?.integrity_check !== "ok") throw damaged(String(found?.integrity_check));
      const row = copy.get(
        `SELECT count(*) AS n, max(created_at) AS newest FROM message WHERE ${VISIBLE}`,
      );
      await copy.write(() =>
        copy.run("INSERT OR REPLACE INTO meta VALUES (?, ?)", BACKED_UP_AT, String(now))
      );
      copy.get("PRAGMA wal_checkpoint(TRUNCATE)");
      return { messages: Number(row?.n), newestAt: number(row?.newest) };
    } finally {
      copy.close();
    }
  } catch (error) {
    const isDamage = error instanceof MailqError && error.message.includes(path) &&
      (error.code === "queue_corrupt" || error.code === "queue_foreign");
    throw isDamage ? damaged(error.code, error) : error;
  }
}

/** What stands beside a database under these names is taken for a part of it. */
const COMPANIONS = ["-wal", "-journal", "-shm"] as const;

/** Neither the queue, nor a file of its own, nor a database in use may be written over. */
function refuseOwnFiles(db: Connection, path: string): void {
  const refuse = (reason: string) => {
    throw new MailqError("cannot_create", `Cannot write ${path}: ${reason}`);
  };
  let folder: string;
  try {
    folder = Deno.realPathSync(folderOf(path));
  } catch {
    return; // The making of the file says why.
  }
  const whole = `${folder}/${nameOf(path)}`;
  if (whole === db.file || whole.startsWith(`${db.file}-`)) {
    refuse("it belongs to the queue itself");
  }
  for (const companion of COMPANIONS) {
    if (isThere(`${path}${companion}`)) {
      refuse(`${path}${companion} beside it belongs to a database in use, or is left of one`);
    }
  }
}

function removed(path: string): Disposable {
  return { [Symbol.dispose]: () => removeFile(path) };
}
