// Sets a mode or makes a folder, as `mailq doctor --fix` is asked to. Called by doctor.ts; which, the
// checks say. Nothing else is ever changed by the doctor.

import { lookAt, makeFolders } from "../../system/files.ts";
import { mend } from "../../system/handles.ts";
import type { Fix } from "./check.ts";

/** Returns whether it is as it should be now. */
export function applyFix({ kind, path, mode, owner }: Fix): boolean {
  try {
    const isMade = kind === "folder" && lookAt(path) === null;
    if (isMade) makeFolders(path, 0o700);
    const info = lookAt(path);
    const isKind = kind === "folder" ? info?.isDirectory : info?.isFile && info.nlink === 1;
    if (info === null || !isKind || info.uid === null || info.gid === null) return false;
    const { uid, gid } = isMade && owner !== undefined ? owner : { uid: info.uid, gid: info.gid };
    return mend(path, info, { uid, gid, mode });
  } catch {
    return false; // The finding stays, and says what to do.
  }
}
