// The lines of crontabs that run this program. Called by the check of who sends; reading them needs to be
// root, or is the user's own crontab alone.

import { nameOf } from "../../../system/files.ts";
import { askProgram, namesIn, readIfAny } from "../look.ts";

/** A line of a crontab that runs mailq. */
export interface CronLine {
  readonly file: string;
  readonly line: number;
  /** Null where it is the crontab's own user. */
  readonly user: string | null;
  /** The program as it stands there. */
  readonly program: string;
  /** The words behind it. */
  readonly words: string;
}

const SPOOLS = ["/var/spool/cron/crontabs", "/var/spool/cron", "/etc/crontabs"];

/** All that this user may see. */
export async function cronLines({ isRoot }: { readonly isRoot: boolean }): Promise<CronLine[]> {
  const system = ["/etc/crontab", ...namesIn("/etc/cron.d").map((name) => `/etc/cron.d/${name}`)];
  const found = system.flatMap((file) => readCrontab(file, readIfAny(file), { hasUser: true }));
  if (!isRoot) {
    const own = await askProgram("crontab", "-l");
    return [...found, ...readCrontab("crontab -l", own, { hasUser: false })];
  }
  for (const folder of SPOOLS) {
    for (const user of namesIn(folder)) {
      const file = `${folder}/${user}`;
      const lines = readCrontab(file, readIfAny(file), { hasUser: false });
      found.push(...lines.map((line) => ({ ...line, user: nameOf(file) })));
    }
  }
  return found;
}

/** The lines of one crontab that run mailq; those of the system have a user before the command. */
export function readCrontab(
  file: string,
  text: string | null,
  { hasUser }: { readonly hasUser: boolean },
): CronLine[] {
  return (text ?? "").split("\n").flatMap((raw, index) => {
    const [, rest = ""] = /^\s*(?:@\w+|(?:[\d*/,\w-]+\s+){5})\s*(.*)$/.exec(raw) ?? [];
    const [, user = "", command = ""] = hasUser
      ? /^(\S+)\s+(.*)$/.exec(rest) ?? []
      : ["", "", rest];
    const found = /(?:^|[\s;&|(])(?:"([^"]*\/mailq)"|((?:\/[^\s"]*\/)?mailq))(?=\s|$)(.*)$/
      .exec(command);
    if (raw.trim().startsWith("#") || found === null) return [];
    const [, quoted, plain = "", words = ""] = found;
    const program = quoted ?? plain;
    return [{ file, line: index + 1, user: hasUser ? user : null, program, words: words.trim() }];
  });
}

/** Whether a line sends what is queued. */
export function sends({ words }: CronLine): boolean {
  return /(^|\s)(send|run)(\s|$)/.test(words) && !/--dry-run/.test(words);
}

/** Whether a line tries deferred mail again. */
export function retries({ words }: CronLine): boolean {
  return /(^|\s)(retry|run)(\s|$)/.test(words);
}

/** Whether a cron daemon is at work; null where processes cannot be seen. */
export function isCronRunning(): boolean | null {
  const pids = namesIn("/proc").filter((name) => /^\d+$/.test(name));
  if (pids.length === 0) return null;
  return pids.some((pid) =>
    /^(cron|crond|fcron|bcron-start|dcron)\n?$/.test(
      readIfAny(`/proc/${pid}/comm`) ?? "",
    )
  );
}
