// The text of a relay's refusal without what it quotes: addresses, names of hosts, numbers, ids.
// The table of refusals (refusals.ts) reads what is left; problems are grouped by it.

/** What stands in angle brackets, addresses with or without them, and URLs. */
const QUOTED = /<[^<>]*>|\bhttps?:\/\/\S+|[^\s@<>()[\]]+@[^\s@<>()[\]]+/g;
/** IPv4 and IPv6 addresses, and names of hosts: two or more labels. */
const HOSTS =
  /\[[^\][]*\]|\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){3,}|\b[a-z0-9_-]+(?:\.[a-z0-9_-]+)+\b/gi;
/** Words with a digit in them: ids of messages and sessions, counts, times. */
const NUMBERED = /[\w.+/=-]*\d[\w.+/=-]*/g;

/** What a reply says in its own words: without addresses, brackets and URLs. */
export function wordsOf(text: string): string {
  return text.replace(QUOTED, " ").replace(/\s+/g, " ").trim();
}

/** A name for "the same reply": two replies have the same key where they differ only in addresses,
 *  hosts, ids and numbers. For people to read as well. */
export function refusalKey(
  reply: { readonly code: number | null; readonly enhanced: string | null; readonly text: string },
): string {
  const words = reply.text
    .replace(QUOTED, "…").replace(HOSTS, "…").replace(NUMBERED, "…")
    .replace(/(?:…[\s,;:/()-]*)+/g, "… ")
    .replace(/\s+/g, " ").trim().slice(0, 200);
  return [reply.code, reply.enhanced, words].filter((part) => part !== null && part !== "")
    .join(" ");
}
