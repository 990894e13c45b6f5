// What the caller knows of the messages it takes in: flags, settings, the sender's wishes, and the
// effects. Made by the use cases of app/, read all over intake.

import type { DsnRequest, RecipientDsn } from "../queue/dsn.ts";
import type { Priority } from "../queue/message.ts";
import type { Random } from "../system/time.ts";

/** What the caller knows of the messages it takes in: flags, settings, and the effects. */
export interface IntakeOptions {
  /** The envelope sender of `--from`; empty or `<>` is the null sender. */
  readonly from?: string;
  /** Whether Sender or From may serve as envelope sender. By default yes; sendmail(1) never
   *  takes it from the header. */
  readonly takesSenderFromHeader?: boolean;
  /** Envelope recipients: each text is an address list of its own. */
  readonly to?: readonly string[];
  /** When the header's recipients count: by default only if `to` is empty; sendmail(1) adds them
   *  to `to` with `-t` and else leaves them alone. */
  readonly headerRecipients?: "unless_given" | "always" | "never";
  /** The code of the error where no recipient is left; by default `bad_message`. */
  readonly noRecipientCode?: "bad_message" | "usage";
  /** Whether bare names in From, Sender, Reply-To, To and Cc get a domain, as the setting
   *  `header_from` says: for mail of programs that know no better, such as cron's. By default no. */
  readonly qualifiesHeader?: boolean;
  /** Adds a missing From with the sender's address and this name, which may be empty (sendmail(1)'s
   *  `-F`). By default none is added. */
  readonly fromName?: string;
  readonly priority?: Priority;
  /** ms since 1970. */
  readonly sendAt?: number;
  readonly expiresInMs?: number;
  /** Whether `X-Mail-Queue-Send-At` and `-Expires-In` are read. By default yes. */
  readonly readsSchedule?: boolean;
  readonly tags?: readonly string[];
  readonly key?: string;
  readonly isHeld?: boolean;
  /** Its id, where its submitter was told one already. By default one is made. */
  readonly id?: string;
  /** Who has handed the message in, where that is known for sure. */
  readonly submitter?: string;
  /** Makes the value of a Received field for the message with this id: mail that came over a network
   *  has one put at its top (RFC 5321 4.4). By default none is added. */
  readonly trace?: (id: string) => string;
  /** What the sender wants to be told of the message. */
  readonly dsn?: DsnWishes;
  readonly settings: IntakeSettings;
  /** The time, in ms since 1970. */
  readonly now: number;
  readonly random: Random;
}

/** Wishes to be told what became of a message (RFC 3461), as its sender uttered them. */
export interface DsnWishes extends Pick<DsnRequest, "ret" | "envid"> {
  /** Wished for whoever has no wish of his own. */
  readonly all: RecipientDsn | null;
  /** For each entry of `to`, in their order. */
  readonly own?: readonly (RecipientDsn | null)[];
}

/** The settings intake uses. */
export interface IntakeSettings {
  /** The envelope sender where neither a flag nor the header gives one. */
  readonly from: string | null;
  /** The envelope sender whatever was given; a null sender stays null. */
  readonly forceFrom: string | null;
  readonly hostname: string;
  /** The name of the user who enqueues, for the last resort `user@hostname`. */
  readonly user: string;
  /** Who gets the mail of local names without an alias; else they get `@hostname`. */
  readonly adminAddress: string | null;
  /** Null where only a bare name is local, and there are no aliases. */
  readonly local: LocalNames | null;
  readonly headerFrom: "keep" | "qualify" | "force";
  readonly longLines: "encode" | "keep";
  readonly maxSizeBytes: number;
  /** Test mode: the one address that gets all mail. */
  readonly redirectTo: string | null;
}

/** The names of this machine, and its aliases. All of it is looked up when it is asked for. */
export interface LocalNames {
  /** The machine's own name up to the first dot, such as `web1`. */
  readonly host: string;
  /** With its domain, such as `web1.example.org`; the same as `host` where none is known. */
  readonly fullName: string;
  readonly aliasesPath: string;
  /** The text of the aliases; null where there need be none. Throws what reading the file throws. */
  readAliases(): string | null;
  /** Names of accounts that are no person's, such as `root` and `www-data`. */
  systemAccounts(): Promise<ReadonlySet<string>>;
}
