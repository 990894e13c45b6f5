/** The state of one recipient of one message. */
export const RECIPIENT_STATES = [
  "queued",
  "sending",
  "deferred",
  "sent",
  "failed",
  "cancelled",
  "suppressed",
] as const;
export type RecipientState = typeof RECIPIENT_STATES[number];

/** The derived status of a whole message. */
export const MESSAGE_STATUSES = [
  "queued",
  "sending",
  "deferred",
  "held",
  "sent",
  "partial",
  "failed",
  "cancelled",
  "suppressed",
] as const;
export type MessageStatus = typeof MESSAGE_STATUSES[number];

/** Why a recipient failed. */
export type FinalReason = "permanent" | "retries" | "lifetime" | "deadline";

/** What may happen to a recipient. */
export const RECIPIENT_EVENTS = [
  "claim",
  "suppress",
  "expire",
  "accept",
  "accept_late",
  "defer",
  "reject",
  "exhaust",
  "outlive",
  "lose",
  "give_back",
  "retry",
  "resend",
  "cancel",
] as const;
export type RecipientEvent = typeof RECIPIENT_EVENTS[number];

const NOT_SENDING = ["queued", "deferred", "sent", "failed", "cancelled", "suppressed"] as const;

type Row = { readonly from: readonly RecipientState[]; readonly to: RecipientState };

/** The transition table: an event that finds a recipient in no state of `from` changes nothing. */
export const TRANSITIONS: Readonly<Record<RecipientEvent, Row>> = {
  claim: { from: ["queued"], to: "sending" },
  // The do-not-send list is read again when a message is about to be claimed.
  suppress: { from: ["queued"], to: "suppressed" },
  expire: { from: ["queued", "deferred"], to: "failed" },
  accept: { from: ["sending"], to: "sent" },
  // The relay's 250 reached a worker that had lost its claim: the mail is out all the same.
  accept_late: { from: NOT_SENDING, to: "sent" },
  defer: { from: ["sending"], to: "deferred" },
  reject: { from: ["sending"], to: "failed" },
  exhaust: { from: ["sending"], to: "failed" },
  outlive: { from: ["sending"], to: "failed" },
  lose: { from: ["sending"], to: "queued" },
  give_back: { from: ["sending"], to: "queued" },
  retry: { from: ["deferred"], to: "queued" },
  resend: { from: NOT_SENDING, to: "queued" },
  cancel: { from: ["queued", "deferred"], to: "cancelled" },
};

/** The reason an event leaves on a recipient that it makes `failed`. */
export const FAILURE_REASONS: Readonly<Partial<Record<RecipientEvent, FinalReason>>> = {
  expire: "deadline",
  reject: "permanent",
  exhaust: "retries",
  outlive: "lifetime",
};

/** The state after `event`, or null where the event does not apply to `state`. */
export function nextState(state: RecipientState, event: RecipientEvent): RecipientState | null {
  const row = TRANSITIONS[event];
  return row.from.includes(state) ? row.to : null;
}

/** Whether a recipient in this state still waits for an end. */
export function isOpen(state: RecipientState): boolean {
  return state === "queued" || state === "sending" || state === "deferred";
}

/** The status of a message whose recipients are in `states`. */
export function deriveStatus(states: readonly RecipientState[], isHeld: boolean): MessageStatus {
  const has = (state: RecipientState) => states.includes(state);
  if (states.some(isOpen)) {
    if (isHeld) return "held";
    if (has("sending")) return "sending";
    return has("queued") ? "queued" : "deferred";
  }
  const counted = states.filter((state) => state !== "suppressed");
  if (counted.length === 0) return "suppressed";
  if (counted.every((state) => state === "sent")) return "sent";
  if (has("sent")) return "partial";
  return has("failed") ? "failed" : "cancelled";
}
