// The boxes that ask one question and know no more than its answer. Part of dialog.tsx. What an answer
// does is model/dialogs/dialogs.ts's.

import { Box } from "ink";
import { VERBS } from "../../model/acting/verbs.ts";
import type { State } from "../../model/state.ts";
import { Words } from "../words.tsx";

interface QuestionProps {
  readonly text: string;
  readonly keys: string;
}

function Question({ text, keys }: QuestionProps) {
  return (
    <Box flexDirection="column" rowGap={1}>
      <Words isBold>{text}</Words>
      <Words>{keys}</Words>
    </Box>
  );
}

/** Whether to do something else than an action on messages. */
export function Sure({ text }: { readonly text: string }) {
  return <Question text={text} keys="y does it · any other key: leave it" />;
}

/** Whether to leave while an action is under way. */
export function Leaving({ state: { work } }: { readonly state: State }) {
  const text = work === null
    ? "It is done."
    : `${VERBS[work.verb].text} is at ${work.done} of ${work.of} messages.`;
  return (
    <Question text={text} keys="s: stop here · q: stop here and leave · any other key: go on" />
  );
}
