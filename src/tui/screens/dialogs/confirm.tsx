// Asks whether an action is to be done: the verb, the count, some of the messages, what is left out.
// Part of dialog.tsx. Its words are model/acting's.

import { Box } from "ink";
import { doingKey, leftText, numberToType, questionText } from "../../model/acting/actions.ts";
import type { Dialog } from "../../model/dialogs/dialog.ts";
import { Words } from "../words.tsx";

type ConfirmDialog = Extract<Dialog, { kind: "confirm" }>;

interface ConfirmProps {
  readonly dialog: ConfirmDialog;
  readonly columns: number;
}

export function Confirm({ dialog, columns }: ConfirmProps) {
  const { verb, target } = dialog;
  const { count, samples } = target;
  const left = leftText(verb, target);
  const others = otherKeys(dialog);
  return (
    <>
      <Words isBold colour={verb === "delete" ? "red" : undefined}>
        {questionText(verb, target)}
      </Words>
      {samples.map(({ id, firstRecipient, subject }) => (
        <Box key={id} paddingLeft={2} columnGap={2}>
          <Words>{id.slice(0, 6)}</Words>
          <Box width={Math.floor(columns / 3)} flexShrink={0}>
            <Words>{firstRecipient}</Words>
          </Box>
          <Words>{subject ?? ""}</Words>
        </Box>
      ))}
      {(count ?? Infinity) > samples.length && <Words>{`  …`}</Words>}
      {left !== "" && <Words colour="yellow">{left}</Words>}
      {verb === "delete" && (
        <Words colour="red">This cannot be taken back: undelivered mail among them is lost.</Words>
      )}
      <Box height={1} />
      <Words>{`${doingText(dialog)} · n, Enter, Esc: leave it`}</Words>
      {others !== "" && <Words>{others}</Words>}
    </>
  );
}

/** What does it: a key, or a number that is typed before. */
function doingText({ verb, target, typed }: ConfirmDialog): string {
  const key = doingKey(verb);
  const wanted = numberToType(verb, target);
  if (wanted === null) return `${key} does it`;
  if (wanted === "unknown") return "counting …";
  return `type ${wanted} and then ${key} to do it: ${typed}`;
}

/** The keys that lead to another way of resending. */
function otherKeys({ verb, target: { count, isAll } }: ConfirmDialog): string {
  return [
    ...verb === "resend" ? ["u: only to those without it"] : [],
    ...verb === "resend_unsent" ? ["a: to all recipients"] : [],
    ...verb.startsWith("resend") && count === 1 && !isAll ? ["e: change recipients, sender"] : [],
  ].join(" · ");
}
