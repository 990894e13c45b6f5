// The settings that mailq had once and that never had an effect. A file or a variable that still
// names one is read all the same: settings_file.ts and unknown_variable.ts warn with the text
// from here. They load this file only where such a name, or an unknown one, is found.

const ERROR_HANDLER = "error_handler is asked of every recipient that a message was not sent to";

/** What to do in place of each retired setting, by its dotted name. */
export const RETIRED: Readonly<Record<string, string>> = {
  "on.enqueued": "`mailq enqueue` prints the ids of what it has taken in",
  "on.sent": "`mailq list --status sent` lists what has been sent",
  "on.deferred": ERROR_HANDLER,
  "on.failed": `watch \`mailq status --nagios\`; ${ERROR_HANDLER}`,
  "bounce": 'it is a table by now: write [bounce] and to = "sender", or an address',
  "claim": "mail that a dead process was sending goes back to the queue at once",
};

/** What to say to whoever sets `name` at `origin`; null where it is no retired setting. */
export function retiredWarning(name: string, origin: string): string | null {
  if (!Object.hasOwn(RETIRED, name)) return null;
  return `The setting ${name} (${origin}) has no effect: ${RETIRED[name]}`;
}
