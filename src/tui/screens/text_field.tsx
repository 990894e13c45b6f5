// A line that is being typed, with the terminal's cursor in it. Part of prompt.tsx and of dialogs.
// What keys do to it is keys/text_input.ts's.

import { Text } from "ink";
import { graphemes } from "../../display/width.ts";
import { sanitise } from "../../display/sanitise.ts";
import type { TextInput } from "../keys/text_input.ts";
import { widthOf } from "../measure.ts";
import { atCaret } from "./windows.ts";

interface TextFieldProps {
  readonly input: TextInput;
  readonly columns: number;
  /** Whether the cursor stands in it. */
  readonly hasCaret?: boolean;
}

/** The part of the text around the cursor. */
export function TextField({ input: { text, at }, columns, hasCaret = true }: TextFieldProps) {
  let before = sanitise(text.slice(0, at));
  while (widthOf(before) > columns - 1) {
    // What is typed may be long, but not so long that this is slow.
    before = [...before].slice(Math.max(1, Math.floor(columns / 4))).join("");
  }
  const after = sanitise(text.slice(at));
  const [under] = graphemes(after);
  return (
    <Text wrap="truncate">
      {before}
      {hasCaret ? atCaret(under?.segment ?? " ") : under?.segment}
      {after.slice(under?.segment.length ?? 0)}
    </Text>
  );
}
