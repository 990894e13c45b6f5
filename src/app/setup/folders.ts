// Brings files and folders to the owner and mode they must have, and tells each step to whoever
// called. Used by system.ts, which knows what must be where.

import { errorText, MailqError } from "../../queue/errors.ts";
import { dropFolder } from "../../store/drop/names.ts";
import { beside, folderOf, lookAt, makeFolders, nameOf } from "../../system/files.ts";
import { mend } from "../../system/handles.ts";
import { fileError, fileTrouble } from "../../store/file_errors.ts";
import type { Tell } from "../app.ts";
import { type PasswdEntry, readPasswd, userName } from "../../system/passwd.ts";

const OTHERS_PASS = 0o001;

/** What was done to one file or folder. */
export interface SetUpStep {
  readonly step: "made" | "mended" | "kept";
  readonly path: string;
  readonly mode: number;
  /** The owner's name. */
  readonly owner: string;
}

/** Makes files and folders what they must be for one owner; `onStep` is told what it did to each, as
 *  soon as it is done. */
export class SetUp {
  readonly #users = readPasswd();

  constructor(readonly owner: PasswdEntry, readonly onStep: (step: SetUpStep) => void) {}

  isMissing(path: string): boolean {
    return look(path) === null;
  }

  /** Throws `cannot_create` for a folder that other things are kept in: its mode is theirs to
   *  say. */
  checkFolder(folder: string, queue: string): void {
    if (look(folder) === null) return;
    const ours = nameOf(queue);
    const names = attempt(folder, () => [...Deno.readDirSync(folder)]);
    const isOurs = (name: string) =>
      name === ours || name.startsWith(`${ours}-`) || name.startsWith(".") ||
      beside(queue, name) === dropFolder(queue);
    const other = names.find(({ name }) => !isOurs(name));
    if (folder !== "/" && other === undefined) return;
    throw new MailqError(
      "cannot_create",
      `Cannot set up a queue in ${folder}: it holds ${JSON.stringify(other?.name)}, too; ` +
        "expected a folder for the queue alone",
    );
  }

  /** What SQLite and we keep beside the queue. */
  besides(folder: string, queue: string): string[] {
    return [...Deno.readDirSync(folder)].map(({ name }) => beside(queue, name))
      .filter((path) => path.startsWith(`${queue}-`)).sort();
  }

  /** Makes a folder that is nobody else's yet. */
  make(path: string): void {
    attempt(path, () => {
      makeFolders(folderOf(path), 0o755);
      makeFolders(path, 0o700);
    });
  }

  folder(path: string, mode: number, wasMade = false): void {
    const isNew = wasMade || this.isMissing(path);
    if (isNew && !wasMade) this.make(path);
    this.#mend(path, mode, "folder", isNew);
  }

  file(path: string, mode: number, wasMade: boolean): void {
    this.#mend(path, mode, "file", wasMade);
  }

  #mend(path: string, mode: number, kind: "file" | "folder", isNew: boolean): void {
    const info = look(path);
    const isPlain = kind === "folder" ? info?.isDirectory : info?.isFile && info.nlink === 1;
    const { uid, gid } = this.owner;
    if (info === null || !isPlain || !attempt(path, () => mend(path, info, { uid, gid, mode }))) {
      throw new MailqError(
        "permission",
        `Cannot set up ${path}: it is no plain ${kind}; remove it`,
      );
    }
    const isRight = info.uid === uid && info.gid === gid && ((info.mode ?? 0) & 0o7777) === mode;
    this.onStep({
      step: isNew ? "made" : isRight ? "kept" : "mended",
      path,
      mode,
      owner: userName(uid, this.#users),
    });
  }

  /** Warns of folders above `folder` that keep others from it. */
  warnOfClosed(folder: string, tell: Pick<Tell, "warn">): void {
    for (let path = folder; path !== "/";) {
      path = folderOf(path);
      if (((Deno.statSync(path).mode ?? 0) & OTHERS_PASS) === 0) {
        tell.warn(
          `${path} keeps other users from the drop folder: chmod o+x`,
        );
      }
    }
  }
}

function look(path: string): Deno.FileInfo | null {
  return attempt(path, () => lookAt(path));
}

function attempt<T>(path: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    const code = fileTrouble(error)?.code;
    const translated = fileError(`Cannot set up ${path}`, error);
    // Where nothing more can be told, it is the making that failed.
    throw code === undefined || code === "io_error"
      ? new MailqError("cannot_create", `Cannot set up ${path}: ${errorText(error)}`, {
        cause: error,
      })
      : translated;
  }
}
