// Refuses arguments that are no UTF-8: the runtime hands them over with characters replaced, and a
// file, queue or subject would be another one. run.ts loads it where a word looks like that.

import { MailqError } from "../../queue/errors.ts";
import { sanitise } from "../../display/sanitise.ts";

/** Throws `usage` for the first of `words` whose bytes are no UTF-8. `words` end as the process's
 *  command line does; where that cannot be read, every U+FFFD counts as such bytes. */
export function refuseBrokenWords(words: readonly string[], commandLine = readCommandLine()): void {
  const typed = commandLine?.slice(-words.length);
  for (const [n, word] of words.entries()) {
    if (!word.includes("\ufffd") || typed?.[n] === word) continue;
    throw new MailqError(
      "usage",
      `Cannot use the argument ${JSON.stringify(sanitise(word.slice(0, 200)))}: it is no UTF-8; ` +
        "give a file of such a name on standard input, or rename it",
    );
  }
}

/** The words of the process's command line, null for those that are no UTF-8. */
function readCommandLine(): readonly (string | null)[] | null {
  let text: string;
  try {
    text = new TextDecoder("latin1").decode(Deno.readFileSync("/proc/self/cmdline"));
  } catch {
    return null;
  }
  return text.split("\0").slice(0, -1).map((word) => {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
        .decode(Uint8Array.from(word, (character) => character.charCodeAt(0)));
    } catch {
      return null;
    }
  });
}
