// The form that asks for another sender or other recipients of a message. Called by dialogs.ts and
// update.ts. Checking the addresses is left to whoever does the effect. Pure.

import type { KeyPress } from "../../terminal/key_decoder.ts";
import { editText, textInput } from "../../keys/text_input.ts";
import type { MessageDetail } from "../../../queue/message.ts";
import { type Step, step } from "../events.ts";
import type { Dialog } from "./dialog.ts";
import type { State } from "../state.ts";

type Form = Extract<Dialog, { kind: "form" }>;

/** Asks for another envelope for a message. */
export function openForm(state: State, message: MessageDetail): State {
  const form: Form = {
    kind: "form",
    message,
    sender: textInput(message.sender),
    recipients: textInput(message.recipients.map(({ address }) => address).join(", ")),
    field: "recipients",
    isAsking: false,
  };
  return { ...state, notice: null, dialog: form };
}

export function keyInForm(state: State, form: Form, key: KeyPress): Step {
  const change = (some: Partial<Form>) => step({ ...state, dialog: { ...form, ...some } });
  if (form.isAsking) {
    if (key.name === "y") return send(state, form);
    return key.name === "n" || key.name === "Enter" || key.name === "Esc"
      ? change({ isAsking: false })
      : step(state);
  }
  switch (key.name) {
    case "Esc":
      return step({ ...state, dialog: null });
    case "Tab":
    case "Shift-Tab":
    case "Up":
    case "Down":
      return change({ field: form.field === "sender" ? "recipients" : "sender" });
    case "Enter": {
      if (addressesOf(form).length > 0) return change({ isAsking: true });
      const notice = { text: "Name at least one recipient", isError: true };
      return step({ ...state, notice });
    }
  }
  const edited = editText(form[form.field], key);
  return edited === null ? step(state) : change({ [form.field]: edited });
}

/** What stands between the commas; a quoted local part may hold one. */
export function addressesOf({ recipients }: Form): string[] {
  return [...recipients.text.matchAll(/(?:"(?:[^"\\]|\\.)*"|[^",])+/g)]
    .map(([part]) => part.trim()).filter((part) => part !== "");
}

function send(state: State, form: Form): Step {
  const sender = form.sender.text.trim();
  const recipients = addressesOf(form);
  const { message } = form;
  const before = message.recipients.map(({ address }) => address);
  return step(
    {
      ...state,
      dialog: null,
      sentForm: form,
      working: state.working + 1,
      notice: { text: "Working …", isError: false },
    },
    {
      kind: "resend_changed",
      id: message.id,
      sender: sender === message.sender ? undefined : sender,
      recipients: recipients.join("\n") === before.join("\n") ? undefined : recipients,
    },
  );
}
