// The relay `maildir:`: puts each message into a Maildir as a file of its own, on disk before it is
// seen. `open_relay.ts` loads it.

import type { DeliverOptions, Delivery, Relay } from "../../queue/ports/transport.ts";
import { HandOverFault, onDisk, STOPPED, systemText } from "../fault.ts";
import { folderOf, makeFolder, syncFolder, withoutSlash, writeAll } from "../../system/files.ts";
import { type Mailbox, MailboxTransport } from "./mailbox.ts";
import { maildirName } from "./maildir_name.ts";
import { lfPiecesOf } from "../pieces.ts";
import { withoutReply } from "../outcomes.ts";
import { type Clock, type Random, systemClock, systemRandom } from "../../system/time.ts";

export interface MaildirSettings {
  readonly name: string;
  readonly path: string;
  /** This machine's name, a part of every file's. */
  readonly hostname: string;
  readonly clock?: Clock;
  readonly random?: Pick<Random, "bytes">;
}

/** A relay that puts each message into a Maildir, as one file for all recipients: `Return-Path`,
 *  a `Delivered-To` for each, then the message with LF line ends, which is what readers of
 *  Maildirs expect. The folder is made if its parent is there. A crash leaves at most a file in
 *  `tmp/`, where readers clean up. */
export function maildirRelay(settings: MaildirSettings): Relay {
  const maildir = new Maildir(settings);
  return { name: settings.name, open: () => new MailboxTransport(maildir) };
}

class Maildir implements Mailbox {
  readonly path: string;
  readonly #hostname: string;
  readonly #clock: Clock;
  readonly #random: Pick<Random, "bytes">;
  #stored = 0;
  #isReady = false;

  constructor({ path, hostname, clock, random }: MaildirSettings) {
    this.path = withoutSlash(path);
    this.#hostname = hostname;
    this.#clock = clock ?? systemClock;
    this.#random = random ?? systemRandom;
  }

  async store(fields: Uint8Array, delivery: Delivery, options: DeliverOptions): Promise<string> {
    try {
      if (!this.#isReady) await this.#makeFolders();
      this.#isReady = true;
      return await this.#store(fields, delivery, options);
    } catch (error) {
      // Whoever took a folder away is answered by making it anew.
      this.#isReady = false;
      throw error;
    }
  }

  async #store(fields: Uint8Array, delivery: Delivery, options: DeliverOptions): Promise<string> {
    const name = maildirName({
      hostname: this.#hostname,
      now: this.#clock.now(),
      count: ++this.#stored,
      random: this.#random.bytes(8),
    });
    const temporary = `${this.path}/tmp/${name}`;
    const final = `${this.path}/new/${name}`;
    const what = `Writing ${temporary}`;
    const file = await onDisk(
      what,
      Deno.open(temporary, { write: true, createNew: true, mode: 0o600 }),
    );
    try {
      using _closing = file;
      if (options.signal.aborted) throw new HandOverFault(STOPPED);
      options.onDataBegin();
      await onDisk(what, writeAll(file, fields));
      for await (const piece of lfPiecesOf(delivery.content)) {
        await onDisk(what, writeAll(file, piece));
      }
      await onDisk(what, file.sync());
      await onDisk(`Moving ${temporary} to ${final}`, Deno.rename(temporary, final));
    } catch (error) {
      await Deno.remove(temporary).catch(() => {});
      throw error;
    }
    try {
      await syncFolder(`${this.path}/new`);
    } catch (error) {
      // Readers see the message already, but a crash may still take it.
      const text = `Bringing ${final} to the disk: ${systemText(error)}`;
      throw new HandOverFault(withoutReply("uncertain", text), { cause: error });
    }
    return `stored as new/${name}`;
  }

  async #makeFolders(): Promise<void> {
    const isMade = await this.#makeFolder(this.path);
    let isSubfolderMade = false;
    for (const name of ["tmp", "new", "cur"]) {
      if (await this.#makeFolder(`${this.path}/${name}`)) isSubfolderMade = true;
    }
    const what = `Bringing the folder ${this.path} to the disk`;
    if (isSubfolderMade) await onDisk(what, syncFolder(this.path));
    if (isMade) await onDisk(what, syncFolder(folderOf(this.path)));
  }

  /** Returns whether the folder was not there before. */
  async #makeFolder(path: string): Promise<boolean> {
    return await onDisk(`Making the folder ${path}`, makeFolder(path));
  }
}
