// Which relays a recipient's mail goes by: the first route that matches says it. Pure: delivery
// parts a message's recipients by this; the settings are read elsewhere, but patterns are matched
// here.

/** Which relays a message's recipients go by, in order of preference. */
export interface Route {
  /** Matched against the envelope sender; null = any. */
  readonly sender: string | null;
  /** Matched against the recipient; null = any. */
  readonly recipient: string | null;
  readonly relays: readonly string[];
}

/** The relays for one recipient, in order: those of the first route that matches, else the
 *  default one. */
export function relaysFor(
  routes: readonly Route[],
  sender: string,
  recipient: string,
): readonly string[] {
  const route = routes.find((one) =>
    (one.sender === null || matchesPattern(one.sender, sender)) &&
    (one.recipient === null || matchesPattern(one.recipient, recipient))
  );
  return route?.relays ?? ["default"];
}

/** Whether an address matches a pattern: a whole address, `@domain` for all of a domain, or with
 *  `*` for any run of characters; `<>` is the null sender. Case does not matter. */
export function matchesPattern(pattern: string, address: string): boolean {
  const wanted = pattern.toLowerCase();
  const given = address.toLowerCase();
  if (wanted === "<>") return given === "";
  if (wanted.startsWith("@") && !wanted.includes("*")) return given.endsWith(wanted);
  return matchesParts(wanted.split("*"), given);
}

/** Whether `text` is the parts in order with anything between them. */
function matchesParts(parts: readonly string[], text: string): boolean {
  const [first = "", ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return at <= end;
}
