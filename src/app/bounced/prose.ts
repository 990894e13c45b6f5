// Reads what mail systems say in words alone (Exim, qmail, old Exchange, Notes and others): whether it
// is the end of a mail, and what is said of one recipient. Called by parse.ts and take_bounced.ts. Pure.

import type { Bounce } from "../../queue/ports/bounces.ts";
import { readReply } from "./reply_text.ts";

/** Behind such a line stands the mail itself. */
const COPY =
  /^[ \t]*-{2,}.*\b(?:copy|original|below this line|returned message|headers?|unsent)\b.*$|^[ \t]*(?:below|here|this|following) is a copy of (?:the|your) (?:original )?(?:message|mail).*$/im;
const ENDS =
  /undeliver|failure notice|given up on it|not (?:be )?delivered|(?:delivery|mail).{0,20}(?:fail|error)|fail\w* .{0,20}deliver|returned (?:mail|to sender)|did not reach|could ?n[o']t (?:be )?(?:deliver|reach)|unable to deliver|permanent (?:fatal )?(?:error|failure)|mail(?:er|-)? ?(?:system|daemon)|non[- ]?delivery|nondeliverable/i;
const WAITS =
  /\bdelay(?:ed)?\b|still (?:being )?(?:tr|unde)|will (?:be retried|retry|keep trying|continue)|warning message only|not yet been delivered/i;
/** Who speaks for a mail system. */
const DAEMON =
  /^(?:mailer-?daemon|mail-?daemon|postmaster|mail-?admin|mdaemon|bounces?|noreply)\b/i;

/** What stands before the copy of the mail, and the copy. */
export function cutAtCopy(text: string): { readonly prose: string; readonly copy: string } {
  const found = COPY.exec(text);
  return found === null
    ? { prose: text, copy: text }
    : { prose: text.slice(0, found.index), copy: text.slice(found.index) };
}

/** Whether words alone tell that mail was given up: by who says so, its subject and its text. */
export function tellsOfEnd(
  { from, subject, prose }: {
    readonly from: string;
    readonly subject: string;
    readonly prose: string;
  },
): boolean {
  if (!DAEMON.test(from) || WAITS.test(subject)) return false;
  return ENDS.test(subject) || (ENDS.test(prose) && !WAITS.test(prose));
}

/** So far behind its address stands what is said of a recipient. */
const SAID_CHARS = 1_500;

interface Surroundings {
  /** Other addresses, of which the words may tell something else. */
  readonly others: readonly string[];
  readonly reporter: string | null;
}

/** What the words say of an address; null if they do not name it. */
export function saidOf(
  prose: string,
  address: string,
  { others, reporter }: Surroundings,
): Bounce | null {
  const text = prose.toLowerCase();
  const at = text.indexOf(address.toLowerCase());
  if (at < 0) return null;
  const from = at + address.length;
  const ends = others.map((other) => text.indexOf(other.toLowerCase(), from))
    .filter((end) => end >= 0);
  const said = prose.slice(from, Math.min(from + SAID_CHARS, ...ends));
  const lines = said.split("\n").map((line) => line.replace(/^[\s>:)]+/, "").trim())
    .filter((line) => line !== "");
  const hasCode = /(?<![\d.])(?:[45]\d\d[ -]|#?[45]\.\d{1,3}\.\d{1,3})/;
  const line = lines.find((one) => hasCode.test(one));
  // Without a code the first words are the reason.
  return { ...readReply(line ?? lines.slice(0, 3).join(" ")), reporter };
}
