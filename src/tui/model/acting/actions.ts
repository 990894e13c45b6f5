// Which messages an action is meant for, what is asked before it is done, and what is said after
// it. Called by commands.ts, dialogs.ts and the confirm box. Doing it is effects.ts's work. Pure.

import type { MessageSummary } from "../../queue/message.ts";
import type { MessageStatus } from "../../queue/state.ts";
import type { ActionOutcome, Verb } from "../data/data.ts";
import { type Step, step } from "./events.ts";
import { markedCount } from "./list/marks.ts";
import { currentRow, type State, type Target } from "./state.ts";

/** Above this, and for all that match, the number must be typed. */
const TYPED_FROM = 100;
const SAMPLES = 3;

const OPEN: readonly MessageStatus[] = ["queued", "sending", "deferred", "held"];

/** Statuses of messages that an action does something to. */
const APPLIES: Readonly<Record<Verb, (message: MessageSummary) => boolean>> = {
  retry: ({ status, nextAttemptAt }) =>
    status === "deferred" ||
    (status !== "sending" && OPEN.includes(status) && nextAttemptAt !== null),
  resend: ({ status }) => status !== "sending",
  resend_unsent: ({ status }) => status !== "sending" && status !== "sent",
  hold: ({ status, isHeld }) => OPEN.includes(status) && !isHeld,
  release: ({ status }) => status === "held",
  cancel: ({ status }) => OPEN.includes(status) && status !== "sending",
  delete: ({ status }) => status !== "sending",
};

/** Why a message is none of those. */
const NOT_APPLYING: Readonly<Record<Verb, string>> = {
  retry: "not deferred",
  resend: "being sent",
  resend_unsent: "sent or being sent",
  hold: "not open",
  release: "not held",
  cancel: "not open",
  delete: "being sent",
};

/** The verb as the confirm box asks it. */
export const VERB_TEXT: Readonly<Record<Verb, string>> = {
  retry: "Retry",
  resend: "Resend",
  resend_unsent: "Resend to unsent recipients of",
  hold: "Hold",
  release: "Release",
  cancel: "Cancel",
  delete: "Delete for good",
};

/** What the operator means: the marks, else the message under the cursor or on the screen. */
export function chosen(state: State): readonly MessageSummary[] {
  const { list, screen, detail } = state;
  if (screen === "detail") {
    if (detail === null || detail.message === "gone") return [];
    // Keys that were typed ahead come before the message is read.
    const row = detail.message ?? list.rows.find(({ id }) => id === detail.id);
    return row === undefined ? [] : [row];
  }
  if (list.marks.size > 0) return [...list.marks.values()];
  const row = currentRow(list);
  return row === null ? [] : [row];
}

function targetOf(state: State, verb: Verb): Target {
  const { list, screen } = state;
  if (screen === "list" && list.all !== null) {
    const { filter, except } = list.all;
    return {
      filter: except.size === 0 ? filter : { and: [filter], not: [{ ids: [...except] }] },
      count: markedCount(list),
      left: 0,
      isAll: true,
      samples: list.rows.filter(({ id }) => !except.has(id)).slice(0, SAMPLES),
    };
  }
  const messages = chosen(state);
  const applying = messages.filter(APPLIES[verb]);
  return {
    filter: { ids: applying.map(({ id }) => id) },
    count: applying.length,
    left: messages.length - applying.length,
    isAll: false,
    samples: applying.slice(0, SAMPLES),
  };
}

/** Asks whether to do it; says why not where there is nothing to do it to. */
export function askAction(state: State, verb: Verb): Step {
  if (state.isReadonly) return refuse(state, "Read-only: no action is done");
  const target = targetOf(state, verb);
  if (target.count === 0) {
    const why = target.left === 0
      ? "no message is chosen"
      : target.left === 1
      ? `it is ${NOT_APPLYING[verb]}`
      : `all ${target.left} are ${NOT_APPLYING[verb]}`;
    return refuse(state, `Nothing to ${verb.replace("_", " ")}: ${why}${hint(verb)}`);
  }
  return step({
    ...state,
    notice: null,
    dialog: { kind: "confirm", verb, target, typed: "" },
  });
}

function hint(verb: Verb): string {
  return verb === "retry" ? " (R resends whatever the state)" : "";
}

function refuse(state: State, text: string): Step {
  return step({ ...state, notice: { text, isError: true } });
}

/** p: releases where the first chosen message is held, else holds. */
export function holdOrRelease(state: State): Verb {
  const first = state.list.all === null || state.screen === "detail"
    ? chosen(state)[0]
    : currentRow(state.list);
  return first?.status === "held" ? "release" : "hold";
}

export function mustType({ count, isAll }: Target): boolean {
  return isAll || count === null || count > TYPED_FROM;
}

/** What of the choice the action leaves alone, as the box says it. */
export function leftText(verb: Verb, { left }: Target): string {
  return left === 0 ? "" : `${left} more chosen: ${NOT_APPLYING[verb]}, left alone`;
}

/** What came of it. */
export function resultText(
  verb: Verb,
  { count, isAll }: Target,
  { changed, withoutBody, sendingRecipients }: ActionOutcome,
): string {
  const parts = [`${changed} done`];
  const rest = (count ?? changed) - changed - withoutBody;
  // All that match were counted whether the action applies to them or not.
  if (rest > 0) parts.push(isAll ? `${rest} left as they were` : `${rest} had changed`);
  if (withoutBody > 0) parts.push(`${withoutBody} cannot go again: their bytes are deleted`);
  if (sendingRecipients > 0) parts.push(`${sendingRecipients} recipients being sent left alone`);
  return `${VERB_TEXT[verb].replace(/ of$/, "")}: ${parts.join(", ")}`;
}
