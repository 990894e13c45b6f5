// Puts a backup in the place of a queue. For `mailq restore`, which looks into both before; what it says of
// them is the application's.

import { DatabaseSync } from "node:sqlite";
import { errorText, MailqError } from "../../../queue/errors.ts";
import {
  folderOf,
  isThere,
  lookAt,
  makeFolders,
  nameOf,
  removeFile,
  syncFolder,
} from "../../../system/files.ts";
import { FileLock } from "../../../system/file_lock.ts";
import { giveToOwnerOf } from "../../../system/handles.ts";
import { NewFile } from "../../../system/new_file.ts";
import { cannotWrite, onFile } from "../../cannot_write.ts";
import { VISIBLE } from "../../sql/condition.ts";
import { BACKED_UP_AT } from "./backup.ts";
import { Connection } from "../db/connection.ts";
import { isBusy, isDamage, refuseOtherFiles, resultCode, translateError } from "../db/errors.ts";
import { APPLICATION_ID, keptNames, REPLACED_ID } from "../db/layout.ts";

const PIECE_BYTES = 1024 * 1024;

/** What a backup holds. Times are ms since 1970. */
export interface BackupFacts {
  /** When it was made; of one that does not tell, when its file was written. */
  readonly madeAt: number;
  readonly messages: number;
  /** Messages that are still to be sent. */
  readonly open: number;
}

/** A copy of a backup beside the queue whose place it is to take. Nothing of the queue is touched before
 *  `replace`; disposing of it removes the copy where it was not put in place. */
export class Restoring implements Disposable {
  private constructor(
    readonly queue: string,
    readonly copy: NewFile,
    readonly facts: BackupFacts,
  ) {}

  /** Copies a backup and looks all of it over; in the copy all sending is paused, and its events are
   *  those of another queue. Throws `input_unreadable` for what is no backup, `queue_foreign`,
   *  `queue_newer` and `queue_corrupt` with its name, and what writing throws. */
  static async prepare(queue: string, file: string, now: number): Promise<Restoring> {
    refuseUsed(queue, file);
    const { mtime } = Deno.statSync(file);
    await onFile(queue, () => Promise.resolve(makeFolders(folderOf(queue), 0o700)));
    const copy = await NewFile.make(queue, { replaces: true, toError: cannotWrite });
    try {
      await copyInto(copy, file);
      const facts = await readAndPause(copy.temporary, {
        file,
        now,
        writtenAt: mtime?.getTime() ?? now,
      });
      return new Restoring(queue, copy, facts);
    } catch (error) {
      copy[Symbol.dispose]();
      throw error;
    }
  }

  /** The copy's file, which is a queue: to be looked into, and closed, before `replace`. */
  get file(): string {
    return this.copy.temporary;
  }

  /** Puts the copy in the queue's place, in one step; it is on disk once this resolves. Returns where
   *  the queue is that was there before, null where there was none. Throws `busy` while another
   *  process has that open. */
  async replace(now: number): Promise<string | null> {
    const { queue, copy } = this;
    await onFile(queue, async () => {
      using file = await Deno.open(copy.temporary, { read: true, write: true });
      if (isThere(queue)) giveToOwnerOf(queue, file);
      else giveToOwnerOf(folderOf(queue), file);
      await file.sync();
    });
    if (!isThere(queue)) {
      await copy.publish();
      return null;
    }
    const old = await takeAlone(queue);
    const kept = freeName(keptNames(queue, now));
    try {
      // Under its old name until the new one is there: at no moment is there none.
      await onFile(queue, () => Deno.link(queue, kept));
      const log = `${queue}-wal`;
      // A damaged queue's log must not be taken for the new one's.
      if (old === null && isThere(log)) Deno.renameSync(log, `${kept}-wal`);
      for (const end of ["-shm", "-journal"]) removeFile(`${queue}${end}`);
      try {
        await copy.place();
      } catch (error) {
        if (isThere(`${kept}-wal`)) Deno.renameSync(`${kept}-wal`, log);
        removeFile(kept);
        throw error;
      }
      markReplaced(old);
    } finally {
      old?.close();
    }
    await onFile(queue, () => syncFolder(folderOf(queue)));
    return kept;
  }

  [Symbol.dispose](): void {
    for (const end of ["-wal", "-shm", "-journal", "-wake"]) {
      removeFile(`${this.copy.temporary}${end}`);
    }
    this.copy[Symbol.dispose]();
  }
}

/** Two restores within a second keep two queues. */
function freeName(names: Generator<string, never>): string {
  for (;;) {
    const { value } = names.next();
    if (!isThere(value)) return value;
  }
}

function refuseUsed(queue: string, file: string): void {
  const refuse = (reason: string) => {
    throw new MailqError("input_unreadable", `Cannot restore ${file}: ${reason}`);
  };
  let info: Deno.FileInfo;
  try {
    info = Deno.statSync(file);
  } catch (error) {
    return refuse(
      error instanceof Deno.errors.NotFound ? "there is no such file" : errorText(error),
    );
  }
  const there = isThere(queue) ? Deno.statSync(queue) : null;
  if (!info.isFile) refuse("it is no plain file");
  if (there !== null && there.dev === info.dev && there.ino === info.ino) {
    refuse("it is the queue itself");
  }
  if ((lookAt(`${file}-wal`)?.size ?? 0) > 0) {
    refuse(`it is a queue in use; \`mailq --queue ${file} backup COPY\` makes a backup of it`);
  }
}

async function copyInto(copy: NewFile, file: string): Promise<void> {
  using source = await Deno.open(file).catch((error) => {
    throw new MailqError("input_unreadable", `Cannot read ${file}: ${errorText(error)}`, {
      cause: error,
    });
  });
  const piece = new Uint8Array(PIECE_BYTES);
  for (;;) {
    const count = await source.read(piece);
    if (count === null) break;
    await copy.write(piece.subarray(0, count));
  }
  await copy.finish();
}

async function readAndPause(
  path: string,
  { file, now, writtenAt }: {
    readonly file: string;
    readonly now: number;
    readonly writtenAt: number;
  },
): Promise<BackupFacts> {
  try {
    unmarkReplaced(path);
    const db = await Connection.open({ path, create: false, busyTimeoutMs: 0, patienceMs: 0 });
    try {
      const [found] = db.all("PRAGMA integrity_check(1)");
      if (found?.integrity_check !== "ok") {
        throw new MailqError(
          "queue_corrupt",
          `Cannot use the queue ${path}: the file is damaged (${found?.integrity_check})`,
        );
      }
      const set =
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
      await db.write(() => {
        db.run("DELETE FROM meta WHERE key = 'paused_until'");
        db.run(set, "paused_since", String(now));
        db.run(set, "paused_reason", PAUSED_FOR);
        db.tell({ type: "queue.paused", until: null, reason: PAUSED_FOR }, now);
        db.run("UPDATE meta SET value = lower(hex(randomblob(8))) WHERE key = 'queue_id'");
      });
      await db.write(() => leapAhead(db, now));
      const made = db.get("SELECT value FROM meta WHERE key = ?", BACKED_UP_AT)?.value;
      const count = (where: string) =>
        Number(db.get(`SELECT count(*) AS n FROM message WHERE ${VISIBLE} AND ${where}`)?.n);
      return {
        madeAt: made === undefined ? writtenAt : Number(made),
        messages: count("true"),
        open: count("final_at IS NULL"),
      };
    } finally {
      db.close();
    }
  } catch (error) {
    if (!(error instanceof MailqError)) throw error;
    const text = error.message.replaceAll(path, file).replace("the queue ", "");
    throw new MailqError(error.code, text, { cause: error });
  }
}

const PAUSED_FOR = "a backup was restored";

/** Numbers go on where no event of the queue that is replaced can have been, whatever came of that since
 *  the backup: its readers see that some are missing. The newest event gets the number; nothing has been
 *  read of it yet. Inside a write. */
function leapAhead(db: Connection, now: number): void {
  // A hundred events for each ms since 1970 are more than a queue can have.
  db.run(
    "UPDATE event SET last = max(last, ?) WHERE last = (SELECT max(last) FROM event)",
    now * 100,
  );
}

/** A queue that another was put in the place of is as good as any backup: that is the way back. */
function unmarkReplaced(copy: string): void {
  const db = new DatabaseSync(copy);
  try {
    const found = db.prepare("PRAGMA application_id").get()?.application_id;
    if (found === REPLACED_ID) db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  } catch {
    // What it is, opening it says.
  } finally {
    db.close();
  }
}

/** The queue, open so that nobody else has it open or can open it, in a transaction whose commit makes it
 *  one that was replaced: who had begun to wait for it is told to try again, and none puts mail into
 *  it. Null for a file that SQLite cannot use. Throws `busy` where another has it open. */
async function takeAlone(queue: string): Promise<DatabaseSync | null> {
  await refuseWorkers(queue);
  const old = new DatabaseSync(queue);
  // Prepared, since exec() reports errors without their code.
  const run = (sql: string) => old.prepare(sql).all();
  try {
    run("PRAGMA busy_timeout = 2000");
    run("PRAGMA locking_mode = EXCLUSIVE");
    // Brings the log in; needs that nobody else has it open.
    const [mode] = run("PRAGMA journal_mode = DELETE");
    if (mode?.journal_mode !== "delete") throw new Error(`the log stays: ${mode?.journal_mode}`);
    run("PRAGMA journal_mode = MEMORY");
    run("BEGIN IMMEDIATE");
    run(`PRAGMA application_id = ${REPLACED_ID}`);
    return old;
  } catch (error) {
    old.close();
    if (isDamage(error) || isNoDatabase(queue)) return null;
    // Deno 2.4 tells no code where a statement cannot be prepared.
    const isUntold = resultCode(error) === null && errorText(error) === UNTOLD;
    if (!isBusy(error) && !isUntold) throw translateError(error, queue);
    throw new MailqError(
      "busy",
      `Cannot restore into ${queue}: another process has it open; stop what sends and queues ` +
        "(`systemctl stop mailq`, cron, `mailq tui`), then try again",
      { cause: error },
    );
  }
}

const UNTOLD = "failed to prepare statement";

function isNoDatabase(path: string): boolean {
  try {
    refuseOtherFiles(path);
    return false;
  } catch {
    return true;
  }
}

/** Of a damaged queue the workers' locks alone can tell. */
async function refuseWorkers(queue: string): Promise<void> {
  const prefix = `${nameOf(queue)}-worker-`;
  for (const { name } of Deno.readDirSync(folderOf(queue))) {
    if (!name.startsWith(prefix)) continue;
    const path = `${folderOf(queue)}/${name}`;
    const lock = await FileLock.tryTakeOld(path);
    lock?.release();
    if (lock === null && isThere(path)) {
      throw new MailqError(
        "busy",
        `Cannot restore into ${queue}: a worker is sending from it; stop it ` +
          "(`systemctl stop mailq`), then try again",
      );
    }
  }
}

/** Never throws: the backup is in place by now, and the other kept under its name. */
function markReplaced(old: DatabaseSync | null): void {
  try {
    old?.exec("COMMIT");
  } catch {
    // On a full disk it stays as it was.
  }
}
