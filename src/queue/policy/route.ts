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
  { sender, recipient }: { readonly sender: string; readonly recipient: string },
): readonly string[] {
  const route = routes.find((one) =>
    (one.sender === null || matchesPattern({ pattern: one.sender, text: sender })) &&
    (one.recipient === null || matchesPattern({ pattern: one.recipient, text: recipient }))
  );
  return route?.relays ?? ["default"];
}

/** Whether an address (or another text) matches a pattern: a whole address, `@domain` for all of a
 *  domain, or with `*` for any run of characters; `<>` is the null sender. Case does not matter. */
export function matchesPattern({ pattern, text }: {
  readonly pattern: string;
  readonly text: string;
}): boolean {
  const wanted = pattern.toLowerCase();
  const given = text.toLowerCase();
  if (wanted === "<>") return given === "";
  if (wanted.startsWith("@") && !wanted.includes("*")) return given.endsWith(wanted);
  return matchesPieces(wanted.split("*"), given);
}

/** Whether `text` is the pieces in order with anything between them. */
function matchesPieces(pieces: readonly string[], text: string): boolean {
  const [first = "", ...rest] = pieces;
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return at <= end;
}
