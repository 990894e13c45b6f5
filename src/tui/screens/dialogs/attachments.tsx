// The attachments of the message that is shown, to be saved or opened. Part of dialog.tsx. Its keys are
// model/dialogs/attachments.ts's.

import { attachmentsOf } from "../../model/dialogs/attachments.ts";
import type { State } from "../../model/state.ts";
import { Words } from "../words.tsx";
import { Choice } from "./choice.tsx";

interface AttachmentsProps {
  readonly state: State;
  readonly chosen: number;
  readonly columns: number;
}

export function Attachments({ state, chosen, columns }: AttachmentsProps) {
  const all = attachmentsOf(state);
  const room = Math.max(1, state.size.rows - 8);
  const from = Math.max(0, Math.min(chosen - room + 1, (all?.length ?? 0) - room));
  return (
    <>
      <Words isBold>Attachments</Words>
      {all === null && <Words>{`  Reading …`}</Words>}
      {all?.length === 0 && <Words>{`  This message has none.`}</Words>}
      {all?.slice(from, from + room).map(({ text }, i) => (
        <Choice key={from + i} isChosen={from + i === chosen} columns={columns}>{text}</Choice>
      ))}
      <Words colour="dim">⏎ save · o open with a program · any other key closes</Words>
    </>
  );
}
