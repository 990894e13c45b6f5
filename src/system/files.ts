// Paths and plain work with files, each once: used by whoever touches the disk. Errors are the
// system's own (`Deno.errors`); the callers turn them into the words and codes of their users.
// Files that appear whole or not at all are in new_file.ts, locks in file_lock.ts.

// ---------------------------------------------------------------- paths

/** The folder that a path lies in: `.` for a bare name, `/` for what lies in the root. */
export function folderOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "." : path.slice(0, slash) || "/";
}

/** What stands behind the last slash; empty where the path ends with one. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The path of the file `name` in the same folder as `path`. */
export function beside(path: string, name: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1) + name;
}

/** The path without slashes at its end; the root stays. */
export function withoutSlash(path: string): string {
  return path.replace(/(?<=.)\/+$/, "");
}

// ---------------------------------------------------------------- what is there

/** What is there by this name, be it a link to nowhere; null if there is nothing. Links are not
 *  followed. */
export function lookAt(path: string): Deno.FileInfo | null {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Whether there is anything by this name, be it a link to nowhere. */
export function isThere(path: string): boolean {
  return lookAt(path) !== null;
}

// ---------------------------------------------------------------- making and removing

/** Makes an empty file (0600) and opens it; null if there is anything by that name, be it a link
 *  to nowhere. */
export function makeFile(path: string): Deno.FsFile | null {
  try {
    return Deno.openSync(path, { read: true, write: true, createNew: true, mode: 0o600 });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return null;
    throw error;
  }
}

/** Makes a folder (0700) if it is not there; returns whether it did. Rejects with `AlreadyExists`
 *  if something else is there. */
export async function makeFolder(path: string): Promise<boolean> {
  try {
    await Deno.mkdir(path, { mode: 0o700 });
    return true;
  } catch (error) {
    const mayBeThere = error instanceof Deno.errors.AlreadyExists;
    if (!mayBeThere || !(await Deno.stat(path)).isDirectory) throw error;
    return false;
  }
}

/** Makes a folder with this mode, and those above it that are missing; each is on disk with its name
 *  once this returns. Throws what the system says. */
export function makeFolders(path: string, mode: number): void {
  const missing: string[] = [];
  for (let at = withoutSlash(path); lookAt(at) === null; at = folderOf(at)) missing.push(at);
  Deno.mkdirSync(path, { recursive: true, mode });
  for (const made of missing) {
    try {
      using above = Deno.openSync(folderOf(made), { read: true });
      above.syncSync();
    } catch (error) {
      // A folder that may not be read cannot be synced, nor can one on some file systems.
      if (!UNSYNCED.includes(systemCode(error) ?? "")) throw error;
    }
  }
}

const UNSYNCED = ["EACCES", "EPERM", "EINVAL"];

/** Removes a file; returns whether there was one. */
export function removeFile(path: string): boolean {
  try {
    Deno.removeSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Removes a file that nobody needs any more. Never throws: what cannot be removed stays behind. */
export function discardFile(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // Gone already, or not to be removed.
  }
}

// ---------------------------------------------------------------- opening what others may change

/** Something else lies where a file of ours is to be. The message says so to the user. */
export class NotPlainFile extends Error {
  override readonly name = "NotPlainFile";
  constructor(path: string) {
    super(`Cannot use ${path}: it is no plain file; remove it`);
  }
}

/** Opens a file that we, or another process of ours, made. Throws `NotFound`, and `NotPlainFile` for
 *  anything else in its place: whoever may write in the folder could lay a link there, and have root write
 *  through it into a file that is not his. */
export function openOwnFile(path: string): Deno.FsFile {
  const isPlain = ({ isFile, nlink }: Deno.FileInfo) => isFile && nlink === 1;
  // Before it is opened, for that alone can do something to a pipe or a device.
  const named = Deno.lstatSync(path);
  if (isPlain(named)) {
    const file = Deno.openSync(path, { read: true, write: true });
    const opened = file.statSync();
    if (opened.nlink === 0) {
      // Its owner has just ended and removed it.
      file.close();
      throw new Deno.errors.NotFound(path);
    }
    if (isPlain(opened) && isSame(opened, named)) return file;
    file.close();
  }
  throw new NotPlainFile(path);
}

/** Whether both are one and the same file, whatever its names. */
export function isSame(one: Deno.FileInfo, other: Deno.FileInfo): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}

// ---------------------------------------------------------------- bytes

/** Writes all of `bytes`, in as many calls as the system wants. */
export async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

/** As `writeAll`, while the whole process waits. */
export function writeAllSync(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
}

/** Brings what a folder lists to the disk: a file made, renamed or removed in it. Whoever may not
 *  read the folder cannot (`PermissionDenied`). */
export async function syncFolder(path: string): Promise<void> {
  using folder = await Deno.open(path, { read: true });
  await folder.sync();
}

// ---------------------------------------------------------------- errors

/** The system's name of an error, such as `ENOSPC`; null if it is none of the system's. */
export function systemCode(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const code: unknown = Reflect.get(error, "code");
  if (typeof code === "string" && /^E[A-Z0-9]+$/.test(code)) return code;
  // Deno names the common ones only.
  const number = /\(os error (\d+)\)/.exec(error.message)?.[1];
  return number === undefined ? null : LINUX_NAMES[number] ?? `E${number}`;
}

/** What Deno has no names for, errno(3). */
const LINUX_NAMES: Readonly<Record<string, string>> = {
  "5": "EIO",
  "12": "ENOMEM",
  "23": "ENFILE",
  "24": "EMFILE",
  "27": "EFBIG",
  "28": "ENOSPC",
  "30": "EROFS",
  "37": "ENOLCK",
  "38": "ENOSYS",
  "95": "EOPNOTSUPP",
  "122": "EDQUOT",
};
