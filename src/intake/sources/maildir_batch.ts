// Files of a Maildir on their way into the queue, marked so that no other process takes the same
// ones. Called by app/enqueue; finding the files is maildir.ts's work.

import { type Maildir, type MaildirFile, openMaildirFile, REJECTED, SENDING } from "./maildir.ts";
import { isThere, lookAt, makeFile, removeFile } from "../../system/files.ts";
import type { IntakeOptions } from "../options.ts";
import { attempt, type Input, type InputBytes, readSource, Scratch } from "./files.ts";
import { readSpoolEnvelope, type SpoolEnvelope } from "./spool_envelope.ts";

/** zope.sendmail's: a `.sending-` mark older than this is a dead process's. */
const STALE_MARK_MS = 3 * 60 * 60_000;
/** What is in our marks; theirs are links to the message. One of ours that is there although we hold
 *  the Maildir's lock is a dead process's. */
const OUR_MARK = new TextEncoder().encode("mailq\n");

/** Files of a Maildir on their way into the queue. A spool's files are marked as zope.sendmail and
 *  repoze.sendmail mark theirs, so that neither of us takes what the other has in hand; the marks
 *  go with `Symbol.dispose`. The caller must hold the Maildir's lock: marks of ours that it finds
 *  are taken for those of a process that died. */
export class MaildirBatch implements Disposable {
  readonly #marks = new Set<string>();
  readonly #left = new Set<MaildirFile>();
  #current: MaildirFile | null = null;

  constructor(
    readonly maildir: Maildir,
    readonly files: readonly MaildirFile[],
    /** What the call says of its envelope: it beats what the files say. */
    readonly given: Pick<IntakeOptions, "from" | "to">,
    readonly now: number,
  ) {}

  /** The file at which taking in has stopped. */
  get current(): MaildirFile | null {
    return this.#current;
  }

  /** What was given out and is not taken away. */
  get left(): ReadonlySet<MaildirFile> {
    return this.#left;
  }

  *inputs(): Generator<Input> {
    const scratch = new Scratch();
    for (const file of this.files) {
      this.#current = file;
      const input = this.#input(file, scratch);
      if (input === null) continue;
      this.#left.add(file);
      try {
        yield input.taken;
      } finally {
        input.close();
      }
    }
    this.#current = null;
  }

  /** Null if the file is not for us to take, now or any more. */
  #input(
    file: MaildirFile,
    scratch: Scratch,
  ): { readonly taken: Input; readonly close: () => void } | null {
    if (file.hasMark && !this.#clearMark(file)) return null;
    const opened = openMaildirFile(file);
    if (opened === null) return null;
    const bytes = readSource(file.path, opened, () => opened.close(), scratch);
    const close = () => {
      if (bytes.kind === "large") bytes.close();
    };
    const envelope = readSpoolEnvelope(bytes.kind === "whole" ? bytes.bytes : bytes.head);
    if (envelope !== null && !this.#mark(file)) {
      close();
      return null;
    }
    // Dropped once it is read: a call keeps its inputs until the mail is on disk.
    let content: InputBytes | null = envelope === null ? bytes : withoutLines(bytes, envelope);
    const taken: Input = {
      name: file.path,
      options: { key: this.maildir.keyOf(file), ...this.#envelopeOptions(envelope) },
      read() {
        if (content === null) throw new Error(`${file.path} was read twice`);
        const read = content;
        content = null;
        return read;
      },
      taken: () => this.#takeAway(file),
    };
    return { taken, close };
  }

  #envelopeOptions(envelope: SpoolEnvelope | null): Partial<IntakeOptions> {
    const { from, to = [] } = this.given;
    return {
      ...from === undefined && envelope?.from != null ? { from: envelope.from } : {},
      ...to.length === 0 && envelope?.to != null ? { to: [envelope.to] } : {},
    };
  }

  /** Removes a mark that nobody stands behind any more; false if somebody may. */
  #clearMark(file: MaildirFile): boolean {
    const path = markOf(file);
    return attempt(path, () => {
      const info = lookAt(path);
      if (info === null) return true;
      const ageMs = this.now - (info.mtime?.getTime() ?? 0);
      if (ageMs <= STALE_MARK_MS && !isOurs(path, info)) return false;
      removeFile(path);
      return true;
    });
  }

  /** Says to zope.sendmail and repoze.sendmail that the file is in our hands; false if it is in
   *  theirs by now. */
  #mark(file: MaildirFile): boolean {
    const path = markOf(file);
    return attempt(path, () => {
      using mark = makeFile(path);
      if (mark === null) return false;
      this.#marks.add(path);
      mark.writeSync(OUR_MARK);
      // Before our mark was there they may have sent it.
      return isThere(file.path);
    });
  }

  #takeAway(file: MaildirFile): void {
    removeFile(file.path);
    this.#left.delete(file);
    this.#unmark(markOf(file));
  }

  #unmark(path: string): void {
    if (this.#marks.delete(path)) removeFile(path);
  }

  [Symbol.dispose](): void {
    for (const path of [...this.#marks]) this.#unmark(path);
  }
}

/** Puts a file that cannot be queued aside under the name that zope.sendmail gives to what it has
 *  refused. Throws `input_unreadable`. */
export function setAside(file: MaildirFile): void {
  const { path } = file;
  const aside = `${file.folder}/${REJECTED}${file.name}`;
  attempt(path, () => {
    // A link, since a rename would overwrite what was put aside before.
    Deno.linkSync(path, aside);
    Deno.removeSync(path);
  });
}

function markOf(file: MaildirFile): string {
  return `${file.folder}/${SENDING}${file.name}`;
}

function isOurs(path: string, info: Deno.FileInfo): boolean {
  if (!info.isFile || info.nlink !== 1 || info.size > OUR_MARK.length) return false;
  const found = Deno.readFileSync(path);
  // One that we were stopped at before anything was in it.
  return found.length === 0 || found.every((byte, i) => byte === OUR_MARK[i]);
}

function withoutLines(bytes: InputBytes, { message }: SpoolEnvelope): InputBytes {
  return bytes.kind === "whole" ? { kind: "whole", bytes: message } : { ...bytes, head: message };
}
