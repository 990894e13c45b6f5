// The keys that can be pressed now, on one row. Part of footer.tsx and prompt.tsx. The keys and their
// words come from keys/.

import { keyText } from "../keys/keys.ts";
import { placeOf, type State } from "../model/state.ts";
import { Words } from "./words.tsx";

/** These have their place in the footer whatever else there is room for. */
const ALWAYS = new Set(["palette", "help", "quit"]);
const GAP = "  ";

/** As many of the keys as there is room for. */
export function KeyHints({ state }: { readonly state: State }) {
  const hints = state.keys.in(placeOf(state), state).flatMap(({ id, keys: [key], footer }) =>
    footer === undefined || key === undefined ? [] : [{ id, text: `${keyText(key)} ${footer}` }]
  );
  const width = (text: string) => text.length + GAP.length;
  let left = state.size.columns - GAP.length;
  for (const { id, text } of hints) if (ALWAYS.has(id)) left -= width(text);
  const kept = hints.filter(({ id, text }) => {
    if (ALWAYS.has(id)) return true;
    left -= width(text);
    return left >= 0;
  });
  return <Words colour="dim">{` ${kept.map(({ text }) => text).join(GAP)}`}</Words>;
}
