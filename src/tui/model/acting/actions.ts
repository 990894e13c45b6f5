// Which messages an action is meant for, what is asked before it is done, and what is said after
// it. Called by commands.ts, update.ts and the confirm box. Doing it is effects.ts's work. Pure.

import type { TakenBack } from "../../../queue/ports/undo.ts";
import type { MessageSummary } from "../../../queue/message.ts";
import type { ActionOutcome, ScreenFilter, Verb } from "../../data/data.ts";
import { type Event, type Step, step } from "../events.ts";
import type { Target } from "./target.ts";
import { currentRow, type State } from "../state.ts";
import { VERBS } from "./verbs.ts";

/** Above this, and for all that match, the number must be typed. */
const TYPED_FROM = 100;
const SAMPLES = 3;

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

/** The messages of a filter: what the store says of them is awaited. */
export function allOf(filter: ScreenFilter): Target {
  return { filter, count: null, left: 0, isAll: true, samples: [], recipients: null };
}

/** The messages that the operator means, as a filter. */
export function chosenFilter(state: State): ScreenFilter {
  const { list, screen } = state;
  if (screen !== "list" || list.all === null) return { ids: chosen(state).map(({ id }) => id) };
  const { filter, except } = list.all;
  return except.size === 0 ? filter : { and: [filter], not: [{ ids: [...except] }] };
}

function targetOf(state: State, verb: Verb): Target {
  const { list, screen } = state;
  if (screen === "list" && list.all !== null) {
    return allOf(chosenFilter(state));
  }
  const messages = chosen(state);
  const applying = messages.filter(VERBS[verb].applies);
  const sum = (of: (message: MessageSummary) => number) =>
    applying.reduce((total, message) => total + of(message), 0);
  return {
    filter: { ids: applying.map(({ id }) => id) },
    count: applying.length,
    left: messages.length - applying.length,
    isAll: false,
    samples: applying.slice(0, SAMPLES),
    recipients: {
      total: sum(({ recipientsTotal }) => recipientsTotal),
      sent: sum(({ recipientsSent }) => recipientsSent),
    },
  };
}

/** Asks whether to do it; says why not where there is nothing to do it to. */
export function askAction(state: State, verb: Verb): Step {
  return askAbout(state, verb, targetOf(state, verb));
}

/** The same for messages that the caller knows. */
export function askAbout(state: State, verb: Verb, target: Target): Step {
  if (state.isReadonly) return refuse(state, "Read-only: no action is done");
  if (state.work !== null) return refuse(state, "An action is being done: q can stop it");
  if (target.count === 0) return refuse(state, nothingTo(verb, target));
  const asked: State = {
    ...state,
    notice: null,
    dialog: { kind: "confirm", verb, target, typed: "" },
  };
  return target.count === null
    ? step(asked, { kind: "target", verb, filter: target.filter })
    : step(asked);
}

/** R: those who have it do not get it twice, unless somebody says so or nobody is without it. */
export function askResend(state: State): Step {
  const target = targetOf(state, "resend_unsent");
  return askAction(state, target.count === 0 ? "resend" : "resend_unsent");
}

/** The store has counted what a box asks about. */
export function targetCame(state: State, event: Extract<Event, { kind: "targeted" }>): Step {
  const { dialog } = state;
  if (dialog?.kind !== "confirm" || dialog.target.filter !== event.filter) return step(state);
  if (dialog.verb !== event.verb) return step(state);
  const target: Target = {
    ...dialog.target,
    count: event.count,
    left: event.left,
    samples: event.samples,
  };
  if (event.count > 0) return step({ ...state, dialog: { ...dialog, target } });
  const closed = { ...state, dialog: null };
  return event.verb === "resend_unsent" && event.left > 0
    ? askAbout(closed, "resend", allOf(event.filter))
    : refuse(closed, nothingTo(event.verb, target));
}

function nothingTo(verb: Verb, { left }: Target): string {
  const { unless } = VERBS[verb];
  const why = left === 0
    ? "no message is chosen"
    : left === 1
    ? `it is ${unless}`
    : `all ${left} are ${unless}`;
  const hint = verb === "retry" ? " (R resends whatever the state)" : "";
  return `Nothing to ${verb.replace("_", " ")}: ${why}${hint}`;
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

/** The number that must be typed before it is done; null where y is enough. */
export function numberToType(
  verb: Verb,
  { count, isAll, recipients }: Target,
): number | "unknown" | null {
  if (count === null) return "unknown";
  // Who sends a mail a second time to many says to how many.
  if (verb === "resend" && recipients !== null && recipients.sent > 1) return recipients.total;
  return isAll || count > TYPED_FROM ? count : null;
}

/** The key that does it: what cannot be taken back is not done by the key of everything else. */
export function doingKey(verb: Verb): "y" | "D" {
  return verb === "delete" || verb === "purge" ? "D" : "y";
}

/** What the box asks. */
export function questionText(verb: Verb, target: Target): string {
  const { count, isAll, recipients } = target;
  const messages = `${count ?? "…"} ${count === 1 ? "message" : "messages"}`;
  const all = isAll ? ", all that match" : "";
  switch (verb) {
    case "resend_unsent": {
      if (recipients === null) return `Resend ${messages}${all}, to those without it?`;
      const { total, sent } = recipients;
      return sent === 0
        ? `Resend ${messages}${all}?`
        : `Resend ${messages} to ${total - sent} of ${total} recipients? ${sent} have it.`;
    }
    case "resend": {
      if (recipients === null || recipients.sent === 0) {
        return `Resend ${messages}${all}${recipients === null ? ", to all recipients" : ""}?`;
      }
      const { total, sent } = recipients;
      return total === 1
        ? `Resend ${messages}? Its recipient has it.`
        : `Resend ${messages} to all ${total}, ${
          sent === total ? "who" : `${sent} of whom`
        } have it?`;
    }
    default:
      return `${VERBS[verb].text} ${messages}${all}?`;
  }
}

/** What of the choice the action leaves alone, as the box says it. */
export function leftText(verb: Verb, { left }: Target): string {
  return left === 0 ? "" : `${left} more chosen: ${VERBS[verb].unless}, left alone`;
}

export function isUndoable({ verb, outcome }: Extract<Event, { kind: "acted" }>): boolean {
  return verb !== "delete" && verb !== "purge" && outcome.changed > 0;
}

/** What came of taking the last action back. */
export function undoneText(result: TakenBack | null): string {
  if (result === null) return "There is nothing to take back";
  const { restored, left } = result;
  return `Taken back: ${restored} as before` +
    (left === 0 ? "" : `, ${left} left: something has happened to them since`);
}

/** What came of it. */
export function resultText(
  { verb, target: { count }, outcome, isStopped }: Extract<Event, { kind: "acted" }>,
): string {
  const { changed, withoutBody, sendingRecipients }: ActionOutcome = outcome;
  const parts = [`${changed} done`];
  const rest = (count ?? changed) - changed - withoutBody;
  if (rest > 0) parts.push(isStopped ? `${rest} left: stopped` : `${rest} had changed`);
  if (withoutBody > 0) parts.push(`${withoutBody} cannot go again: their bytes are deleted`);
  if (sendingRecipients > 0) parts.push(`${sendingRecipients} recipients being sent left alone`);
  return `${VERBS[verb].text}: ${parts.join(", ")}`;
}
