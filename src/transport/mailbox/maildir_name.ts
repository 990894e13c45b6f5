// Names for files in a Maildir, as its convention has them. For the relay `maildir:` and for
// exports to a Maildir.

import { hexText } from "../../system/bytes.ts";

/** What the names of files in a Maildir are made of. */
export interface MaildirNaming {
  /** This machine's name. */
  readonly hostname: string;
  /** The time, in ms since 1970. */
  readonly now: number;
  /** How many files this process has named, this one counted. */
  readonly count: number;
  /** 64 random bits. */
  readonly random: Uint8Array;
}

/** A name that no file had before: the time, process, a count, random bits and the host. */
export function maildirName({ hostname, now, count, random }: MaildirNaming): string {
  const seconds = Math.floor(now / 1_000);
  const micros = Math.floor((now - seconds * 1_000) * 1_000);
  // As the Maildir convention has it.
  const host = hostname.replaceAll("/", "\\057").replaceAll(":", "\\072");
  return `${seconds}.M${micros}P${Deno.pid}Q${count}R${hexText(random)}.${host}`;
}
