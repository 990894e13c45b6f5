// A Maildir, or a spool of zope.sendmail, to take mail from: its files, their order, opening one
// safely. Called by app/enqueue and maildir_batch.ts, which takes the files in.

import { MailqError } from "../../queue/errors.ts";
import { lookAt, withoutSlash } from "../../system/files.ts";
import { attempt, isFolder, oddNameError, unreadable } from "./files.ts";

/** One message's file in a Maildir. */
export interface MaildirFile {
  readonly path: string;
  /** `new` or `cur` of the Maildir. */
  readonly folder: string;
  readonly name: string;
  readonly device: number;
  readonly inode: number | null;
  readonly changedAt: number;
  /** When the file came into being; when it changed where the file system does not tell. */
  readonly bornAt: number;
  /** Whether a `.sending-` file stands beside it. */
  readonly hasMark: boolean;
}

/** How zope.sendmail and repoze.sendmail mark a file they work on, or have refused. */
export const SENDING = ".sending-";
export const REJECTED = ".rejected-";

/** A Maildir to take mail from: an ordinary one, or a spool of zope.sendmail or repoze.sendmail. */
export class Maildir {
  private constructor(
    readonly path: string,
    /** Without symbolic links. */
    readonly realPath: string,
  ) {}

  /** Throws `input_unreadable` for a folder that is no Maildir. */
  static open(path: string): Maildir {
    const plain = withoutSlash(path);
    if (!isFolder(plain)) throw unreadable(plain, "it is no folder");
    for (const part of PARTS) {
      if (isFolderThere(`${plain}/${part}`)) continue;
      throw unreadable(plain, `it is no Maildir: it has no folder ${part}/`);
    }
    return new Maildir(plain, attempt(plain, () => Deno.realPathSync(plain)));
  }

  /** The messages in `new/` and `cur/`, the oldest first. Left out is what begins with a dot, what is
   *  no plain file, and drafts and what was thrown away (the flags D and T). Throws
   *  `input_unreadable`. */
  files(): MaildirFile[] {
    const files: MaildirFile[] = [];
    for (const part of FOLDERS) {
      const folder = `${this.path}/${part}`;
      const names: string[] = [];
      const marked = new Set<string>();
      attempt(folder, () => {
        for (const { name, isFile } of Deno.readDirSync(folder)) {
          if (name.startsWith(SENDING)) marked.add(name.slice(SENDING.length));
          else if (isFile && !name.startsWith(".") && !isSetAside(name)) names.push(name);
        }
      });
      for (const name of names) {
        const file = look(folder, name, marked.has(name));
        if (file !== null) files.push(file);
      }
    }
    return files.sort((a, b) => a.changedAt - b.changedAt || (a.name < b.name ? -1 : 1));
  }

  /** The error for a message that cannot be taken since its name is no UTF-8; null if there is none. */
  oddNameError(): MailqError | null {
    for (const part of FOLDERS) {
      const error = oddNameError(`${this.path}/${part}`, "*");
      if (error !== null) return error;
    }
    return null;
  }

  /** The same for ever for one file, however often it is moved or flagged, and never another's: a
   *  name that is used again is that of a file with another birth. A crash after the commit leaves
   *  the file behind; by its key the next call finds its message in the queue. */
  keyOf(file: MaildirFile): string {
    const unique = file.name.replace(/:2,[^/]*$/, "");
    return `maildir:${this.realPath}/${unique}:${file.inode}:${file.bornAt}`;
  }

  /** What changes when a file comes or goes; null where that cannot be told. */
  stamp(): string | null {
    try {
      return FOLDERS.map((part) => Deno.statSync(`${this.path}/${part}`).mtime?.getTime()).join();
    } catch {
      return null;
    }
  }
}

const FOLDERS = ["new", "cur"] as const;
const PARTS = ["tmp", ...FOLDERS] as const;

function isFolderThere(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw unreadable(path, "permission denied", error);
  }
}

function isSetAside(name: string): boolean {
  return /:2,[A-Za-z]*[DT][A-Za-z]*$/.test(name);
}

/** Null if the file is gone, or was never a plain one. */
function look(folder: string, name: string, hasMark: boolean): MaildirFile | null {
  const path = `${folder}/${name}`;
  try {
    const info = lookAt(path);
    if (!info?.isFile) return null;
    return {
      path,
      folder,
      name,
      device: info.dev,
      inode: info.ino,
      changedAt: info.mtime?.getTime() ?? 0,
      bornAt: bornAt(info),
      hasMark,
    };
  } catch (error) {
    throw attempt(path, () => {
      throw error;
    });
  }
}

function bornAt({ birthtime, mtime }: Deno.FileInfo): number {
  return birthtime?.getTime() ?? mtime?.getTime() ?? 0;
}

/** Opens a file of a Maildir; null if it is gone or another stands in its place by now: whoever may
 *  write there could lay a link to a file that is not his. Throws `input_unreadable`. */
export function openMaildirFile(file: MaildirFile): Deno.FsFile | null {
  let opened: Deno.FsFile;
  try {
    opened = attempt(file.path, () => Deno.openSync(file.path));
  } catch (error) {
    const isGone = error instanceof MailqError && error.cause instanceof Deno.errors.NotFound;
    if (isGone) return null;
    throw error;
  }
  const info = opened.statSync();
  const isSame = info.isFile && info.dev === file.device && info.ino === file.inode &&
    bornAt(info) === file.bornAt;
  if (isSame) return opened;
  opened.close();
  return null;
}
