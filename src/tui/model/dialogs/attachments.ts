// The attachments of the message that is shown: saved to a file that is asked for, or given to a program
// that is asked for. Called by commands.ts and dialogs.ts. They are never run. Pure.

import type { ShownAttachment } from "../../data/data.ts";
import type { KeyPress } from "../../terminal/key_decoder.ts";
import { type Step, step } from "../events.ts";
import type { Dialog } from "./dialog.ts";
import type { State } from "../state.ts";
import { openPrompt } from "./open_prompt.ts";

/** a: the list; the message is read for it where it is not yet. */
export function openAttachments(state: State): Step {
  const { detail } = state;
  if (detail === null) return step(state);
  const opened: State = { ...state, notice: null, dialog: { kind: "attachments", chosen: 0 } };
  return detail.content === null ? step(opened, { kind: "content", id: detail.id }) : step(opened);
}

/** Null while the message is read. */
export function attachmentsOf({ detail }: State): readonly ShownAttachment[] | null {
  const content = detail?.content ?? null;
  if (content === null) return null;
  return "error" in content ? [] : content.attachments;
}

export function keyInAttachments(
  state: State,
  dialog: Extract<Dialog, { kind: "attachments" }>,
  { name }: KeyPress,
): Step {
  const all = attachmentsOf(state) ?? [];
  const choose = (by: number) => {
    const chosen = Math.max(0, Math.min(all.length - 1, dialog.chosen + by));
    return step({ ...state, dialog: { ...dialog, chosen } });
  };
  const attachment = all[dialog.chosen];
  switch (name) {
    case "j":
    case "Down":
      return choose(1);
    case "k":
    case "Up":
      return choose(-1);
    case "Enter":
    case "s":
      if (attachment === undefined) break;
      return step(openPrompt(state, "save", `./${attachment.fileName}`, dialog.chosen));
    case "o":
      if (attachment === undefined) break;
      return step(openPrompt(state, "open", "", dialog.chosen));
  }
  return step({ ...state, dialog: null });
}
