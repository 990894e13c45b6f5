// The places that messages are exported to: a stream, a folder of .eml files, an mbox, a Maildir.
// Called by messages.ts; `export` picks one. None writes over anything, and what is not whole is
// removed.

import type { MessageSummary } from "../../queue/message.ts";
import type { Clock, Random } from "../../system/time.ts";
import { makeFolder, syncFolder, withoutSlash, writeAll } from "../../system/files.ts";
import { NewFile, type NewFileOptions } from "../../system/new_file.ts";
import { cannotWrite, onFile } from "../../store/cannot_write.ts";
import { maildirName } from "../../transport/mailbox/maildir_name.ts";
import { fromLine, FromQuoter } from "../../transport/mailbox/mbox_lines.ts";
import { lfPiecesOf } from "../../transport/pieces.ts";

/** Where messages are exported to. Throws as `cannotWrite` says. */
export interface ExportPlace extends Disposable {
  /** Writes a message, the lines `above` before its own. */
  add(
    message: MessageSummary,
    pieces: AsyncIterable<Uint8Array>,
    above: string,
  ): Promise<void>;
  /** Once this resolves all is on disk. Without it `Symbol.dispose` removes what is not whole. */
  end(): Promise<void>;
}

const encoder = new TextEncoder();
const NEW: NewFileOptions = { replaces: false, toError: cannotWrite };

/** A stream, as one .eml file or as an mbox. */
export class StreamPlace implements ExportPlace {
  constructor(readonly write: (bytes: Uint8Array) => void, readonly isMbox: boolean) {}

  async add(message: MessageSummary, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const written = this.isMbox ? mboxPieces(message, pieces) : pieces;
    for await (const piece of written) this.write(piece);
  }

  end(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.dispose](): void {}
}

/** A folder of files `ID.eml`, with the queue's own bytes. It is made if its parent is there. */
export class EmlPlace implements ExportPlace {
  private constructor(readonly folder: string) {}

  static async make(path: string): Promise<EmlPlace> {
    const folder = withoutSlash(path);
    await onFile(folder, () => makeFolder(folder));
    return new EmlPlace(folder);
  }

  async add({ id }: MessageSummary, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    using file = await NewFile.make(`${this.folder}/${id}.eml`, NEW);
    for await (const piece of pieces) await file.write(piece);
    await file.place();
  }

  async end(): Promise<void> {
    await onFile(this.folder, () => syncFolder(this.folder));
  }

  [Symbol.dispose](): void {}
}

/** A new mbox file (mboxrd), with LF line ends. */
export class MboxPlace implements ExportPlace {
  private constructor(readonly file: NewFile) {}

  static async make(path: string): Promise<MboxPlace> {
    return new MboxPlace(await NewFile.make(path, NEW));
  }

  async add(message: MessageSummary, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const piece of mboxPieces(message, pieces)) await this.file.write(piece);
  }

  async end(): Promise<void> {
    await this.file.publish();
  }

  [Symbol.dispose](): void {
    this.file[Symbol.dispose]();
  }
}

/** A message as it stands in an mbox: the `From ` line, the text with LF line ends and its From lines
 *  quoted, an empty line. The queue's messages end with a line end. */
async function* mboxPieces(
  { sender, createdAt }: MessageSummary,
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield encoder.encode(fromLine(sender, createdAt));
  const quoter = new FromQuoter();
  for await (const piece of lfPiecesOf(() => pieces)) yield quoter.push(piece);
  yield quoter.end();
  yield encoder.encode("\n");
}

const PARTS = ["tmp", "new", "cur"] as const;

/** What names of files in a Maildir are made of. */
interface MaildirNaming {
  readonly hostname: string;
  readonly clock: Clock;
  readonly random: Random;
}

/** A Maildir, with LF line ends: each message as a file of its own in `new/`, with the time it was
 *  queued at. Folders that are not there are made. */
export class MaildirPlace implements ExportPlace {
  #count = 0;

  private constructor(readonly folder: string, readonly naming: MaildirNaming) {}

  static async make(path: string, naming: MaildirNaming): Promise<MaildirPlace> {
    const folder = withoutSlash(path);
    await onFile(folder, () => makeFolder(folder));
    for (const part of PARTS) {
      const path = `${folder}/${part}`;
      await onFile(path, () => makeFolder(path));
    }
    return new MaildirPlace(folder, naming);
  }

  async add(
    { createdAt }: MessageSummary,
    pieces: AsyncIterable<Uint8Array>,
    above: string,
  ): Promise<void> {
    const { hostname, clock, random } = this.naming;
    const name = maildirName({
      hostname,
      now: clock.now(),
      count: ++this.#count,
      random: random.bytes(8),
    });
    const temporary = `${this.folder}/tmp/${name}`;
    try {
      await onFile(temporary, async () => {
        const options = { write: true, createNew: true, mode: 0o600 };
        using file = await Deno.open(temporary, options);
        await writeAll(file, encoder.encode(above));
        for await (const piece of lfPiecesOf(() => pieces)) await writeAll(file, piece);
        await file.utime(createdAt / 1_000, createdAt / 1_000);
        await file.sync();
        await Deno.rename(temporary, `${this.folder}/new/${name}`);
      });
    } catch (error) {
      await Deno.remove(temporary).catch(() => {});
      throw error;
    }
  }

  async end(): Promise<void> {
    for (const part of ["", ...PARTS]) {
      const path = `${this.folder}/${part}`;
      await onFile(path, () => syncFolder(path));
    }
  }

  [Symbol.dispose](): void {}
}
