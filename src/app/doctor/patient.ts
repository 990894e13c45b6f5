// The machine and the queue as the doctor's checks see them: settings as far as they can be read, the
// queue as far as it can be opened. doctor.ts makes one for each call; every check gathers from it.

import type { Purpose } from "../../config/load.ts";
import type { RelaySettings } from "../../config/tables/relays.ts";
import type { Settings } from "../../config/settings.ts";
import { MailqError } from "../../queue/errors.ts";
import type { Store } from "../../queue/ports/store.ts";
import type { QueueStatus } from "../../queue/status.ts";
import { queuePath } from "../../store/open.ts";
import { readPasswd, userName } from "../../system/passwd.ts";
import type { App } from "../app.ts";

/** What the doctor needs of the program around it. */
export interface DoctorApp
  extends Pick<App, "clock" | "env" | "openQueue" | "stopSignal" | "writeToConsole" | "user"> {
  /** The settings, without telling their warnings. Throws `config_invalid`, `permission`. */
  readSettings(purpose: Purpose): Promise<Settings>;
  /** The settings file that the command line names; null = the usual ones. */
  readonly configFile: string | null;
}

/** A user. */
export interface Sender {
  readonly uid: number;
  readonly gid: number;
  /** The login name. */
  readonly name: string;
}

/** A queue that is open, or why it is not. */
type OpenedQueue =
  | { readonly store: Store; readonly status: QueueStatus; readonly error: null }
  | { readonly store: null; readonly status: null; readonly error: MailqError | null };

/** How it is looked at. */
interface Look {
  readonly isOffline: boolean;
  /** The only relay that is looked at; null = all. */
  readonly relay: string | null;
}

export class Patient {
  #opened: Promise<OpenedQueue> | null = null;

  private constructor(
    readonly app: DoctorApp,
    /** As far as they can be read: what is wrong in them is left out. */
    readonly settings: Settings,
    /** Why not all of the settings can be used; null if they can. */
    readonly settingsTrouble: string | null,
    readonly look: Look,
  ) {}

  /** The relays that are looked at. */
  get relays(): readonly RelaySettings[] {
    return this.settings.relays.filter(({ name }) => name === (this.look.relay ?? name));
  }

  /** Throws where not even a queue can be chosen. */
  static async meet(app: DoctorApp, look: Look): Promise<Patient> {
    try {
      return new Patient(app, await app.readSettings("all"), null, look);
    } catch (error) {
      if (!(error instanceof MailqError)) throw error;
      const settings = await app.readSettings("intake").catch(() => {
        throw error;
      });
      return new Patient(app, settings, error.message, look);
    }
  }

  get now(): number {
    return this.app.clock.now();
  }

  get isRoot(): boolean {
    return Deno.uid() === 0;
  }

  /** The queue's file; null for a queue that is none. */
  get queueFile(): string | null {
    try {
      const path = queuePath(this.settings.queue);
      return path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
    } catch {
      return null;
    }
  }

  /** Whose the queue's file is; null where there is none. */
  get queueOwner(): Sender | null {
    try {
      const { uid, gid } = Deno.statSync(this.queueFile ?? "");
      return uid === null || gid === null ? null : { uid, gid, name: userName(uid, readPasswd()) };
    } catch {
      return null;
    }
  }

  /** Who sends from the queue: its owner, or whoever makes it. */
  get sender(): Sender {
    return this.queueOwner ??
      { uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0, name: this.app.user() };
  }

  /** Whether the queue is ours to look into and to mend: its owner's and root's. */
  get isOwner(): boolean {
    const owner = this.queueOwner;
    return owner === null || this.isRoot || owner.uid === Deno.uid();
  }

  /** The queue, opened once for all checks. No error where there is none yet. */
  opened(): Promise<OpenedQueue> {
    return this.#opened ??= this.#open();
  }

  async #open(): Promise<OpenedQueue> {
    try {
      const store = await this.app.openQueue(this.settings, { create: false });
      return { store, status: await store.status(), error: null };
    } catch (error) {
      if (!(error instanceof MailqError)) throw error;
      return { store: null, status: null, error };
    }
  }

  /** Where a setting comes from, such as `/etc/mailq.toml:12`; `default` where nobody set it. */
  originOf(name: string): string {
    return this.settings.entries().find((entry) => entry.name === name)?.origin ?? "default";
  }
}
