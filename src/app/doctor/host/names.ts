// The checks "sendmail", "mailq" and "newaliases": which program each of these names is. Cron, PHP and
// others mail by sendmail(8); who types `mailq` wants to see this queue.

import { folderOf, nameOf } from "../../../system/files.ts";
import { programPath } from "../../setup/program_path.ts";
import { type Check, type Finding, ok, warning } from "../check.ts";
import { readIfAny, realPathIfAny } from "../look.ts";

const NAMES = ["sendmail", "mailq", "newaliases"] as const;

interface NameFacts {
  readonly name: typeof NAMES[number];
  /** The first file of the name; null where there is none. */
  readonly path: string | null;
  readonly isOurs: boolean;
  /** Which package it came with, or what it links to. */
  readonly whose: string | null;
}

interface Facts {
  readonly names: readonly NameFacts[];
  /** This program. */
  readonly ownPath: string;
  /** A relay hands mail to another sendmail, which is thus wanted here. */
  readonly isRelay: boolean;
  /** Whether the system can keep another's file aside. */
  readonly hasDivert: boolean;
}

/** Where other programs look for sendmail, whatever their PATH. */
const SENDMAIL_FOLDERS = ["/usr/sbin", "/usr/lib", "/usr/bin"];

export const check: Check<Facts> = {
  gather({ app, settings }) {
    const ownPath = programPath();
    const own = realPathIfAny(ownPath);
    const folders = (app.env.PATH ?? "/usr/bin:/bin").split(":");
    const names = NAMES.map((name): NameFacts => {
      const among = name === "mailq" ? folders : [...SENDMAIL_FOLDERS, ...folders];
      const path = among.map((folder) => `${folder}/${name}`)
        .find((each) => realPathIfAny(each) !== null) ?? null;
      const real = path === null ? null : realPathIfAny(path);
      const isOurs = real !== null && real === own;
      return { name, path, isOurs, whose: path === null || isOurs ? null : whoseIs(path) };
    });
    return {
      names,
      ownPath,
      isRelay: settings.relays.some(({ target }) => target.kind === "sendmail"),
      hasDivert: realPathIfAny("/usr/bin/dpkg-divert") !== null,
    };
  },
  judge(facts) {
    return facts.names.map((name) => judgeName(name, facts));
  },
};

function judgeName(
  { name, path, isOurs, whose }: NameFacts,
  { ownPath, isRelay, hasDivert }: Facts,
): Finding {
  const place = name === "mailq" ? "/usr/bin/mailq" : `/usr/sbin/${name}`;
  if (isOurs) return ok(`${path} is this program`, { name });
  if (path === null) {
    if (name === "mailq") return ok("is not in PATH", { name });
    const text = name === "sendmail"
      ? "there is none: cron, PHP and other programs cannot mail"
      : "there is none";
    const link = `ln -s ${ownPath} ${place}`;
    return name === "sendmail" ? warning(text, `sudo ${link}`, { name }) : ok(text, { name });
  }
  const other = whose === null ? "another program" : `of ${whose}`;
  if (name === "mailq") {
    return warning(
      `${path} is ${other}: it shows that one's queue`,
      `export PATH=${folderOf(ownPath)}:$PATH  (or type ${ownPath})`,
      { name },
    );
  }
  if (isRelay) return ok(`${path} is ${other}, which is a relay here`, { name });
  if (name === "newaliases") return ok(`${path} is ${other}`, { name });
  const divert = hasDivert
    ? `sudo dpkg-divert --local --rename --divert ${path}.distrib --add ${path} && `
    : `sudo mv ${path} ${path}.distrib && `;
  return warning(
    `${path} is ${other}: mail by it goes there, not into this queue`,
    `${divert}sudo ln -s ${ownPath} ${path}`,
    { name },
  );
}

/** Debian's packages with a sendmail. */
const PACKAGES = [
  "postfix",
  "exim4-base",
  "exim4-daemon-light",
  "nullmailer",
  "msmtp-mta",
  "dma",
  "ssmtp",
  "esmtp-run",
  "opensmtpd",
  "sendmail-bin",
  "courier-mta",
  "masqmail",
];

/** The package a program came with, by Debian's lists: dpkg itself takes a second to look. Else what it
 *  is a link to. */
function whoseIs(path: string): string | null {
  const real = realPathIfAny(path) ?? path;
  const name = PACKAGES.find((each) => {
    const files = readIfAny(`/var/lib/dpkg/info/${each}.list`)?.split("\n") ?? [];
    return files.includes(path) || files.includes(real);
  });
  return name ?? (real === path ? null : nameOf(real));
}
