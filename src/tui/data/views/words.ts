// Whether a text holds all words that were typed to filter a view. Called by the views and by what reads
// them. Filters of messages are model/list's.

/** In any case; a `!` before a word means that it must not be there. */
export function holdsWords(query: string, text: string): boolean {
  const lower = text.toLowerCase();
  return query.toLowerCase().split(/\s+/).every((word) =>
    word.length > 1 && word.startsWith("!") ? !lower.includes(word.slice(1)) : lower.includes(word)
  );
}
