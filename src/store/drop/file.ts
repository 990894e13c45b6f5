// Writes one drop: under a name of its own until it is whole and on disk, then renamed. The folder
// may be open to everybody, so nothing there is trusted.

import { MailqError } from "../../queue/errors.ts";
import { removeFile, syncFolder, writeAllSync } from "../../system/files.ts";
import { translateDropError } from "./errors.ts";
import {
  type DroppedFields,
  encodeFields,
  FIRST_LINE,
  frameLine,
  lastLine,
  MAX_DROP_BYTES,
  MAX_FIELDS_BYTES,
  MAX_MESSAGES,
} from "./format.ts";
import { NEW_PREFIX } from "./names.ts";

const SETGID = 0o2000;
const encoder = new TextEncoder();

/** A drop being written under a hidden name. What a dead process leaves of it is swept by whoever
 *  imports, a day later. */
export class DropFile {
  #messages = 0;
  #sizeBytes = 0;
  #isOver = false;

  private constructor(
    readonly folder: string,
    readonly name: string,
    readonly file: Deno.FsFile,
  ) {}

  /** Begins a file that is readable for its owner alone, whatever the umask; in a folder that hands
   *  on its group (setgid), for that group too: then the queue's owner is not root. */
  static begin(folder: string, name: string): DropFile {
    const path = `${folder}/${NEW_PREFIX}${name}`;
    let file: Deno.FsFile | null = null;
    try {
      const isForGroup = ((Deno.statSync(folder).mode ?? 0) & SETGID) !== 0;
      file = create(path, isForGroup ? 0o640 : 0o600);
      const drop = new DropFile(folder, name, file);
      drop.#write(encoder.encode(FIRST_LINE));
      return drop;
    } catch (error) {
      if (file !== null) {
        file.close();
        remove(path);
      }
      throw translateDropError(error, folder);
    }
  }

  add(message: DroppedFields, content: Uint8Array): void {
    this.#frame(message, content.length);
    this.#write(content);
  }

  /** Adds a message whose size only its end tells. */
  async addLarge(message: DroppedFields, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const fieldsBytes = this.#frame(message, 0);
    let sizeBytes = 0;
    for await (const piece of pieces) {
      this.#write(piece);
      sizeBytes += piece.length;
    }
    this.#translated(() => {
      const line = encoder.encode(frameLine(fieldsBytes, sizeBytes));
      const start = this.file.seekSync(0, Deno.SeekMode.Current) - sizeBytes - fieldsBytes -
        line.length;
      this.file.seekSync(start, Deno.SeekMode.Start);
      this.#write(line);
      this.file.seekSync(0, Deno.SeekMode.End);
    });
  }

  /** Returns how many bytes the fields take. */
  #frame(message: DroppedFields, contentBytes: number): number {
    if (++this.#messages > MAX_MESSAGES) {
      throw new MailqError(
        "usage",
        `Cannot hand in more than ${MAX_MESSAGES} messages by the drop folder in one call`,
      );
    }
    const fields = encodeFields(message);
    if (fields.length > MAX_FIELDS_BYTES) throw new Error("fields that decodeFields let pass");
    this.#write(encoder.encode(frameLine(fields.length, contentBytes)));
    this.#write(fields);
    return fields.length;
  }

  /** Puts the file under its name: it and its folder are on disk once this resolves. If it rejects,
   *  nothing was handed in. */
  async publish(): Promise<void> {
    this.#write(encoder.encode(lastLine(this.#messages)));
    const from = `${this.folder}/${NEW_PREFIX}${this.name}`;
    const to = `${this.folder}/${this.name}`;
    this.#translated(() => {
      this.file.syncSync();
      Deno.renameSync(from, to);
    });
    this.#isOver = true;
    try {
      await syncDropFolder(this.folder, `${from}s`, this.file);
    } catch (error) {
      // Gone means that it has been taken into the queue meanwhile.
      if (remove(to)) throw translateDropError(error, this.folder);
    } finally {
      this.file.close();
    }
  }

  discard(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.file.close();
    remove(`${this.folder}/${NEW_PREFIX}${this.name}`);
  }

  #write(bytes: Uint8Array): void {
    this.#sizeBytes += bytes.length;
    if (this.#messages > 1 && this.#sizeBytes > MAX_DROP_BYTES) {
      throw new MailqError(
        "usage",
        `Cannot hand in more than ${MAX_DROP_BYTES} bytes by the drop folder in one call`,
      );
    }
    this.#translated(() => {
      writeAllSync(this.file, bytes);
    });
  }

  #translated(step: () => void): void {
    try {
      step();
    } catch (error) {
      throw translateDropError(error, this.folder);
    }
  }
}

const SYNC_PROGRAMS = ["/usr/bin/sync", "/bin/sync"];

/** Sees to it that the new name of `file` is on disk. To sync a folder it must be opened for reading,
 *  which nobody may in a drop folder but its owner; the file system as a whole can be synced by
 *  way of any file on it (syncfs(2), `sync -f`): `handle` is made for that, since the drop itself may be
 *  imported by then. Where there is no such program the sync of the renamed file must do: on ext4,
 *  XFS and Btrfs it writes the journal up to the renaming, too. */
async function syncDropFolder(folder: string, handle: string, file: Deno.FsFile): Promise<void> {
  file.syncSync();
  try {
    await syncFolder(folder);
    return;
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
  }
  Deno.openSync(handle, { write: true, createNew: true, mode: 0o600 }).close();
  try {
    for (const program of SYNC_PROGRAMS) {
      try {
        const command = new Deno.Command(program, {
          args: ["-f", handle],
          clearEnv: true,
          stdin: "null",
          stdout: "null",
          stderr: "null",
        });
        if ((await command.output()).success) return;
      } catch {
        // No such program here.
      }
    }
  } finally {
    remove(handle);
  }
}

/** Makes a file with just this mode. By its path it could not be given one later: the folder's owner may
 *  have put a link there by then. */
function create(path: string, mode: number): Deno.FsFile {
  const umask = Deno.umask(0);
  try {
    return Deno.openSync(path, { write: true, createNew: true, mode });
  } finally {
    Deno.umask(umask);
  }
}

/** Whether it was there; removed if we may. */
function remove(path: string): boolean {
  try {
    return removeFile(path);
  } catch {
    return true;
  }
}
