// Keys while something is open over the screen: confirm box, prompt, palette, help. Called by
// update.ts. The form is in form.ts, the boxes are drawn by screens/dialogs. Pure.

import type { KeyPress } from "../../terminal/key_decoder.ts";
import type { KeyBinding } from "../../keys/keys.ts";
import type { Verb } from "../../data/data.ts";
import { allOf, askAbout, askAction, doingKey, numberToType } from "../acting/actions.ts";
import { type Step, step } from "../events.ts";
import { keyInAttachments } from "./attachments.ts";
import { keyInCopy } from "./copy.ts";
import { keyInForm } from "./form.ts";
import { keyInHelp } from "./help.ts";
import { keyInPalette } from "./palette.ts";
import { keyInPrompt } from "./prompt.ts";
import type { Dialog } from "./dialog.ts";
import type { State } from "../state.ts";

type DialogOf<K extends Dialog["kind"]> = Extract<Dialog, { kind: K }>;

/** What a command does; the palette is given it, for the two know each other otherwise. */
type RunCommand = (state: State, binding: KeyBinding) => Step;

function close(state: State): State {
  return { ...state, dialog: null };
}

/** A key while a dialog is open. */
export function keyInDialog(state: State, dialog: Dialog, key: KeyPress, run: RunCommand): Step {
  switch (dialog.kind) {
    case "confirm":
      return keyInConfirm(state, dialog, key);
    case "prompt":
      return keyInPrompt(state, dialog, key);
    case "palette":
      return keyInPalette(state, dialog, key, run);
    case "help":
      return keyInHelp(state, dialog, key);
    case "form":
      return keyInForm(state, dialog, key);
    case "attachments":
      return keyInAttachments(state, dialog, key);
    case "copy":
      return keyInCopy(state, dialog, key);
    case "leaving":
      return keyInLeaving(state, key);
    case "sure":
      return key.name === "y" ? sureDone(close(state), dialog.effect) : step(close(state));
  }
}

function sureDone(state: State, effect: DialogOf<"sure">["effect"]): Step {
  const working = state.working + (effect.kind === "change" ? 1 : 0);
  return step({ ...state, working }, effect);
}

function keyInConfirm(state: State, dialog: DialogOf<"confirm">, { name }: KeyPress): Step {
  const { verb, target, typed } = dialog;
  const with_ = (change: Partial<DialogOf<"confirm">>) =>
    step({ ...state, dialog: { ...dialog, ...change } });
  const wanted = numberToType(verb, target);
  if (name === doingKey(verb)) {
    if (wanted !== null && typed !== String(wanted)) return step(state);
    const work = { verb, done: 0, of: target.count ?? 0, isStopping: false };
    return step(
      { ...close(state), working: state.working + 1, work },
      { kind: "act", verb, target },
    );
  }
  if (name === "n" || name === "Enter" || name === "Esc" || name === "q") return step(close(state));
  if (/^\d$/.test(name) && wanted !== null) return with_({ typed: (typed + name).slice(0, 12) });
  if (name === "Backspace") return with_({ typed: typed.slice(0, -1) });
  const other = OTHER_RESENDS[`${name} ${verb}`];
  if (other !== undefined) {
    // Of a problem, say, the messages are known; else who is meant is found anew.
    return target.isAll
      ? askAbout(close(state), other, allOf(target.filter))
      : askAction(close(state), other);
  }
  if (name === "e" && verb.startsWith("resend") && target.count === 1 && !target.isAll) {
    const [message] = target.samples;
    if (message !== undefined) return step(close(state), { kind: "edit", id: message.id });
  }
  return step(state);
}

/** Keys of the box that offer another way of resending. */
const OTHER_RESENDS: Readonly<Record<string, Verb>> = {
  "u resend": "resend_unsent",
  "a resend_unsent": "resend",
};

function keyInLeaving(state: State, { name }: KeyPress): Step {
  switch (name) {
    case "s":
      return step({ ...close(state), work: stopping(state.work) }, { kind: "stop" });
    case "q":
    case "Ctrl-c":
      return step({ ...close(state), work: stopping(state.work), isLeaving: true }, {
        kind: "stop",
      });
    default:
      return step(close(state));
  }
}

function stopping(work: State["work"]): State["work"] {
  return work === null ? null : { ...work, isStopping: true };
}
