// The command lines that cron and systemd are to run, with words quoted as both read them. Used by
// texts.ts and by what `mailq init system` says at its end.

import { sanitise } from "../../display/sanitise.ts";
import { MailqError } from "../../queue/errors.ts";

/** Where this program is to be found by cron and service managers, which know no shell's PATH. */
export function programPath(): string {
  const path = Deno.execPath();
  // From source it is Deno that runs.
  return /\/deno[^/]*$/.test(path) ? "/usr/local/bin/mailq" : path;
}

/** A command line of the program; with the queue where it is not found by itself. */
export function programLine(words: string, queue: string | null): string {
  const named = queue === null ? "" : ` --queue ${quoted(queue)}`;
  return `${quoted(programPath())} ${words}${named}`;
}

/** Throws `usage` for a login name that cron and systemd would read as something else. */
export function checkUser(user: string): void {
  if (/^\w[\w.@\\-]*\$?$/.test(user)) return;
  throw new MailqError(
    "usage",
    `Cannot use the user ${JSON.stringify(sanitise(user))}: expected a login name, such as mailq`,
  );
}

/** A word of a line that shells, cron and systemd read the same way. */
export function quoted(word: string): string {
  return /^[\w./:@+-]+$/.test(word) ? word : `"${word.replace(/["\\$`]/g, "\\$&")}"`;
}
