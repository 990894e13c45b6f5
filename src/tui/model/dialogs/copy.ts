// What of a message, or of those that are marked, can be copied to the clipboard: a menu with a key for
// each. Called by commands.ts and dialogs.ts. The clipboard is the terminal's (OSC 52). Pure.

import { sanitise } from "../../../display/sanitise.ts";
import type { MessageSummary } from "../../../queue/message.ts";
import type { KeyPress } from "../../terminal/key_decoder.ts";
import { chosen } from "../acting/actions.ts";
import { type Step, step } from "../events.ts";
import type { Dialog } from "./dialog.ts";
import type { State } from "../state.ts";

/** A line of the menu. */
interface CopyChoice {
  readonly key: string;
  readonly what: string;
  readonly text: string;
}

/** y: the menu for what is chosen; says why there is none. */
export function openCopy(state: State): Step {
  const messages = state.screen === "view" ? [] : chosen(state);
  if (state.list.all !== null && state.screen === "list") {
    const text = "All that match are marked: unmark them, and copy one or some";
    return step({ ...state, notice: { text, isError: true } });
  }
  if (messages.length === 0) {
    return step({ ...state, notice: { text: "There is no message here", isError: true } });
  }
  return step({
    ...state,
    notice: null,
    dialog: { kind: "copy", choices: choicesOf(messages, state) },
  });
}

function choicesOf(messages: readonly MessageSummary[], { detail, screen }: State): CopyChoice[] {
  const ids = messages.map(({ id }) => id);
  const open = screen === "detail" && detail?.message !== "gone" ? detail?.message ?? null : null;
  const addresses = open === null
    ? messages.map(({ firstRecipient }) => firstRecipient)
    : open.recipients.map(({ address }) => address);
  // What is pasted into a shell must hold no line end or control of a stranger's.
  const some = (values: readonly (string | null)[]) =>
    [...new Set(values.map((value) => sanitise(value ?? "")))].filter((text) => text !== "")
      .join("\n");
  const choices = [
    { key: "y", what: ids.length === 1 ? "id" : "ids", text: ids.join(" ") },
    { key: "a", what: addresses.length === 1 ? "recipient" : "recipients", text: some(addresses) },
    { key: "f", what: "sender", text: some(messages.map(({ sender }) => sender)) },
    { key: "m", what: "Message-ID", text: some(messages.map(({ messageId }) => messageId)) },
    { key: "r", what: "last reply", text: some(messages.map(({ lastReply }) => lastReply)) },
    { key: "s", what: "subject", text: some(messages.map(({ subject }) => subject)) },
    { key: "c", what: "command", text: ids.map((id) => `mailq show ${id}`).join("\n") },
    { key: "t", what: "command to retry", text: `mailq retry ${ids.join(" ")}` },
  ];
  return choices.filter(({ text }) => text !== "");
}

export function keyInCopy(
  state: State,
  { choices }: Extract<Dialog, { kind: "copy" }>,
  { name }: KeyPress,
): Step {
  const choice = choices.find(({ key }) => key === name);
  const closed = { ...state, dialog: null };
  return choice === undefined ? step(closed) : step(closed, { kind: "copy", text: choice.text });
}
