// What each action is called, which messages it does something to, and what is said of it. Used by
// actions.ts and the confirm box; the store decides again, for each message, when it is done. Pure.

import type { MessageSummary } from "../../../queue/message.ts";
import type { Filter } from "../../../queue/filter.ts";
import { MESSAGE_STATUSES, type MessageStatus } from "../../../queue/state.ts";
import type { Verb } from "../../data/data.ts";
import { FINAL } from "./purge.ts";

interface VerbTraits {
  /** As the confirm box asks it. */
  readonly text: string;
  readonly applies: (message: MessageSummary) => boolean;
  /** The same as a filter. */
  readonly filter: Filter;
  /** Why a message is none of those. */
  readonly unless: string;
}

const OPEN: readonly MessageStatus[] = ["queued", "sending", "deferred", "held"];
const WAITING: readonly MessageStatus[] = OPEN.filter((status) => status !== "sending");
const IDLE = MESSAGE_STATUSES.filter((status) => status !== "sending");

/** Some recipient was not sent to. */
function isUnsent({ recipientsSent, recipientsTotal }: MessageSummary): boolean {
  return recipientsSent < recipientsTotal;
}

export const VERBS: Readonly<Record<Verb, VerbTraits>> = {
  retry: {
    text: "Retry",
    applies: ({ status, nextAttemptAt, sendAt }) =>
      status === "deferred" ||
      (WAITING.includes(status) && nextAttemptAt !== null && nextAttemptAt !== sendAt),
    filter: { statuses: WAITING, nextUntil: Number.MAX_SAFE_INTEGER },
    unless: "not deferred",
  },
  resend: {
    text: "Resend",
    applies: ({ status }) => status !== "sending",
    filter: { statuses: IDLE },
    unless: "being sent",
  },
  resend_unsent: {
    text: "Resend to those without it",
    applies: (message) => message.status !== "sending" && isUnsent(message),
    // Of messages that were sent to some, others are without it, or on the do-not-send list.
    filter: { statuses: IDLE.filter((status) => status !== "sent") },
    unless: "sent or being sent",
  },
  hold: {
    text: "Hold",
    applies: ({ status, isHeld }) => OPEN.includes(status) && !isHeld,
    filter: { statuses: OPEN.filter((status) => status !== "held") },
    unless: "not open",
  },
  release: {
    text: "Release",
    applies: ({ status }) => status === "held",
    filter: { statuses: ["held"] },
    unless: "not held",
  },
  cancel: {
    text: "Cancel",
    applies: ({ status }) => WAITING.includes(status),
    filter: { statuses: WAITING },
    unless: "not open",
  },
  purge: {
    text: "Purge",
    applies: ({ status }) => FINAL.some((one) => one === status),
    filter: { statuses: FINAL },
    unless: "not finished",
  },
  delete: {
    text: "Delete for good",
    applies: ({ status }) => status !== "sending",
    filter: { statuses: IDLE },
    unless: "being sent",
  },
};
