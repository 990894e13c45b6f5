// The check "other mail": whether another mail system of this machine has mail waiting, which mailq
// knows nothing of. After a change to mailq that is what is left behind.

import { type Check, ok, warning } from "../check.ts";
import { namesIn } from "../look.ts";

interface Spool {
  readonly system: string;
  /** Folders with a file, or more, for each mail. */
  readonly folders: readonly string[];
  /** Names that count, where not all do. */
  readonly counts?: RegExp;
  /** Shows what waits; and sends it. */
  readonly look: string;
  readonly flush: string;
}

const POSTFIX = "/var/spool/postfix";

const SPOOLS: readonly Spool[] = [
  {
    system: "Postfix",
    folders: ["maildrop", "incoming", "active", "deferred", "hold"].map((name) =>
      `${POSTFIX}/${name}`
    ),
    look: "postqueue -p",
    flush: "postqueue -f",
  },
  {
    system: "Exim",
    folders: ["/var/spool/exim4/input", "/var/spool/exim/input"],
    counts: /-H$/,
    look: "exim -bp",
    flush: "exim -qff",
  },
  {
    system: "Sendmail",
    folders: ["/var/spool/mqueue", "/var/spool/mqueue-client", "/var/spool/clientmqueue"],
    counts: /^qf/,
    look: "sendmail -bp",
    flush: "sendmail -q",
  },
  {
    system: "nullmailer",
    folders: ["/var/spool/nullmailer/queue"],
    look: "ls /var/spool/nullmailer/queue",
    flush: "nullmailer-send",
  },
  {
    system: "dma",
    folders: ["/var/spool/dma"],
    counts: /^Q/,
    look: "dma -bp",
    flush: "dma -q",
  },
  {
    system: "OpenSMTPD",
    folders: ["/var/spool/smtpd/queue"],
    look: "smtpctl show queue",
    flush: "smtpctl schedule all",
  },
];

interface SpoolFacts extends Pick<Spool, "system" | "look" | "flush"> {
  readonly count: number;
}

export const check: Check<readonly SpoolFacts[]> = {
  gather: () =>
    SPOOLS.map(({ system, folders, counts, look, flush }) => ({
      system,
      look,
      flush,
      count: folders.reduce((sum, folder) => sum + countIn(folder, counts), 0),
    })),
  judge(spools) {
    const waiting = spools.filter(({ count }) => count > 0);
    if (waiting.length === 0) return [ok("none waits elsewhere, as far as can be seen")];
    return waiting.map(({ system, count, look, flush }) =>
      warning(
        `${system} has ${count} mails waiting, which mailq does not send`,
        `${look}; ${flush}`,
      )
    );
  },
};

/** Postfix hashes its folders by a letter or two. */
function countIn(folder: string, counts: RegExp | undefined): number {
  let count = 0;
  for (const name of namesIn(folder)) {
    if (/^[0-9A-F]$/i.test(name)) count += countIn(`${folder}/${name}`, counts);
    else if (counts === undefined || counts.test(name)) count++;
  }
  return count;
}
