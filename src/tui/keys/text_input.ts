// A line of text being typed, and what each key makes of it. Called by the model for prompt,
// palette and form. Drawing it is left to the screens.

import { graphemes } from "../../display/width.ts";
import type { KeyPress } from "../terminal/key_decoder.ts";

/** A line of text being typed; `at` is the cursor's place in UTF-16 units. */
export interface TextInput {
  readonly text: string;
  readonly at: number;
}

export function textInput(text = ""): TextInput {
  return { text, at: text.length };
}

/** What a key makes of it; null for a key that is no editing. Line ends of pasted text become
 *  blanks, other controls go. */
export function editText({ text, at }: TextInput, key: KeyPress): TextInput | null {
  const before = text.slice(0, at), after = text.slice(at);
  switch (key.name) {
    case "Backspace":
      return put(dropLast(before), after);
    case "Delete":
      return put(before, dropFirst(after));
    case "Left":
      return { text, at: dropLast(before).length };
    case "Right":
      return { text, at: text.length - dropFirst(after).length };
    case "Home":
    case "Ctrl-a":
      return { text, at: 0 };
    case "End":
    case "Ctrl-e":
      return { text, at: text.length };
    case "Ctrl-u":
      return put("", after);
    case "Ctrl-k":
      return put(before, "");
    case "Ctrl-w":
      return put(before.replace(/\S*\s*$/, ""), after);
  }
  if (key.text === null) return null;
  const typed = key.text.replace(/\s+/g, " ").replace(/\p{Cc}/gu, "");
  return put(before + typed, after);
}

function put(before: string, after: string): TextInput {
  return { text: before + after, at: before.length };
}

function dropLast(text: string): string {
  let last = 0;
  for (const { index } of graphemes(text)) last = index;
  return text.slice(0, last);
}

function dropFirst(text: string): string {
  for (const { segment } of graphemes(text)) return text.slice(segment.length);
  return text;
}
