// Names and places of the drop folder: where it is, what its files are called, and whether it may
// be used.

import { beside, folderOf, systemCode } from "../../system/files.ts";
import { translateDropError } from "./errors.ts";
import { hexText } from "../../system/bytes.ts";

/** The folder beside the queue where those who may not open it leave their mail. */
export function dropFolder(queueFile: string): string {
  return beside(queueFile.includes("/") ? queueFile : `./${queueFile}`, "drop");
}

/** The folders inside it, which are the queue's owner's alone: for what is being imported, and for
 *  what was refused. */
export const TAKEN = "taken";
export const REFUSED = "refused";

/** Files that are being written. */
export const NEW_PREFIX = ".new-";
/** What was refused and could not be moved. */
export const REFUSED_PREFIX = ".refused-";

/** Names sort by time. What comes after it nobody can guess: in a folder that cannot be listed that
 *  keeps a file from others even where its mode would not. */
export function dropName(now: number, random: Uint8Array): string {
  const time = Math.max(0, Math.floor(now)).toString(36).padStart(9, "0");
  return `${time}-${hexText(random)}.drop`;
}

export const NAME_RANDOM_BYTES = 16;

export function isDropName(name: string): boolean {
  return /^[0-9a-z]{9}-[0-9a-f]{32}\.drop$/.test(name);
}

/** Open to everybody who makes files, each of which only its owner (or the folder's) may remove. */
const OPEN_TO_ALL = 0o1003;

/** The drop folder of a queue; null if there is none. Only what `mailq init system` made is one: a
 *  folder that is called `drop` may be anybody's, and whatever lay in it would be moved. It is told by
 *  its mode, by the folder inside it, and by its owner, root or the queue's: beside a queue in a folder
 *  where anybody may make one, it could be anybody's. */
export function usableDropFolder(queueFile: string): string | null {
  const folder = dropFolder(queueFile);
  try {
    const { isDirectory, uid, mode } = Deno.lstatSync(folder);
    const isMade = isDirectory && ((mode ?? 0) & OPEN_TO_ALL) === OPEN_TO_ALL &&
      Deno.lstatSync(`${folder}/${TAKEN}`).isDirectory;
    return isMade && (uid === 0 || uid === ownerOf(queueFile)) ? folder : null;
  } catch (error) {
    // Missing or out of reach: either way nothing can be left there.
    if (CLOSED.includes(systemCode(error) ?? "")) return null;
    throw translateDropError(error, folder);
  }
}

const CLOSED = ["ENOENT", "ENOTDIR", "EACCES", "EPERM", "ELOOP"];

/** The queue's owner, or whose folder it will be in. */
function ownerOf(queueFile: string): number | null {
  try {
    return Deno.statSync(queueFile).uid;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return Deno.statSync(folderOf(queueFile)).uid;
  }
}

/** How many drops wait to be taken in; 0 where that is not for us to know. */
export function countDrops(queueFile: string): number {
  const folder = usableDropFolder(queueFile);
  if (folder === null) return 0;
  try {
    return [folder, `${folder}/${TAKEN}`].reduce(
      (count, path) =>
        count + [...Deno.readDirSync(path)].filter(({ name }) => isDropName(name)).length,
      0,
    );
  } catch {
    return 0;
  }
}
