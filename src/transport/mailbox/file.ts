// The relay `file:`: appends each message to an mbox file, under a lock, whole or not at all.
// `open_relay.ts` loads it. The lock is in `locked_file.ts`, the format in `mbox_lines.ts`.

import type { DeliverOptions, Delivery, Relay } from "../../queue/ports/transport.ts";
import { HandOverFault, onDisk, STOPPED, systemText } from "../fault.ts";
import { LockedFile } from "./locked_file.ts";
import { folderOf, syncFolder, writeAll } from "../../system/files.ts";
import { type Mailbox, MailboxTransport } from "./mailbox.ts";
import { fromLine, FromQuoter } from "./mbox_lines.ts";
import { lfPiecesOf } from "../pieces.ts";
import { withoutReply } from "../outcomes.ts";
import { type Clock, systemClock, systemTimers, type Timers } from "../../system/time.ts";

export interface FileSettings {
  readonly name: string;
  readonly path: string;
  /** How long another program may hold the file's lock; by default 30 seconds. */
  readonly lockMs?: number;
  readonly clock?: Clock;
  readonly timers?: Timers;
}

/** A relay that appends each message to an mbox file (mboxrd), once for all recipients: the
 *  `From ` line, `Return-Path`, a `Delivered-To` for each, the message with LF line ends, an empty
 *  line. The file is locked (flock) while it is written; what could not be written whole is cut
 *  off again. A crash in the middle leaves the beginning of a message at the end of the file. */
export function fileRelay(settings: FileSettings): Relay {
  const mbox = new Mbox(settings);
  return { name: settings.name, open: () => new MailboxTransport(mbox) };
}

const LOCK_MS = 30_000;
const encoder = new TextEncoder();

class Mbox implements Mailbox {
  readonly path: string;
  readonly #lockMs: number;
  readonly #clock: Clock;
  readonly #file: LockedFile;
  /** Ends when the message before has been stored. */
  #last: Promise<unknown> = Promise.resolve();

  constructor({ path, lockMs, clock, timers }: FileSettings) {
    this.path = path;
    this.#lockMs = lockMs ?? LOCK_MS;
    this.#clock = clock ?? systemClock;
    this.#file = new LockedFile(path, timers ?? systemTimers);
  }

  store(fields: Uint8Array, delivery: Delivery, options: DeliverOptions): Promise<string> {
    const stored = this.#last.then(() => this.#store(fields, delivery, options));
    this.#last = stored.catch(() => {});
    return stored;
  }

  async #store(fields: Uint8Array, delivery: Delivery, options: DeliverOptions): Promise<string> {
    if (options.signal.aborted) throw new HandOverFault(STOPPED);
    using file = await this.#file.take(this.#lockMs, options.signal);
    const { size } = await onDisk(`Reading ${this.path}`, file.stat());
    const end = await onDisk(`Reading ${this.path}`, lastBytes(file, size));
    // A message may begin only below an empty line.
    const gap = size === 0 || end === "\n\n" ? "" : end.endsWith("\n") ? "\n" : "\n\n";
    options.onDataBegin();
    const what = `Writing to ${this.path}`;
    const write = (bytes: Uint8Array) => onDisk(what, writeAll(file, bytes));
    try {
      await write(encoder.encode(gap + fromLine(delivery.sender, this.#clock.now())));
      await write(fields);
      const quoter = new FromQuoter();
      for await (const piece of lfPiecesOf(delivery.content)) await write(quoter.push(piece));
      await write(quoter.end());
      const { size: written } = await onDisk(what, file.stat());
      const isWhole = (await onDisk(what, lastBytes(file, written))).endsWith("\n");
      // The empty line is ours: the message may end with one of its own.
      await write(encoder.encode(isWhole ? "\n" : "\n\n"));
      await onDisk(what, file.sync());
      // The file may have been made just now.
      if (size === 0) await onDisk(what, syncFolder(folderOf(this.path)));
    } catch (error) {
      await this.#cutOff(file, size, error);
      throw error;
    }
    return `appended to ${this.path}`;
  }

  /** Takes back what was written of a message. */
  async #cutOff(file: Deno.FsFile, size: number, reason: unknown): Promise<void> {
    try {
      await file.truncate(size);
      await file.sync();
    } catch (error) {
      const text = `${systemText(reason)}; and the part of it that is in the file could not be ` +
        `cut off: ${systemText(error)}`;
      throw new HandOverFault({ ...withoutReply("uncertain", text), isRelayFault: true }, {
        cause: error,
      });
    }
  }
}

/** The last two bytes of a file of `size` bytes, or all there are. */
async function lastBytes(file: Deno.FsFile, size: number): Promise<string> {
  const tail = new Uint8Array(Math.min(2, size));
  await file.seek(size - tail.length, Deno.SeekMode.Start);
  let at = 0;
  while (at < tail.length) at += await file.read(tail.subarray(at)) ?? tail.length;
  return String.fromCharCode(...tail);
}
