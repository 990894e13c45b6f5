// The law of states: what may happen to a recipient, and what status a message has by its recipients.
// Delivery asks it, and every store makes its SQL from these tables when it is loaded
// (src/store/sql/law.ts), so that a change here is a change everywhere.

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

/** The status of a message as a store keeps it: `scheduled` is queued, but not before its `send_at`.
 *  Kept apart, mail that may not go yet stands in nobody's way; people are shown `queued`. */
export const STORED_STATUSES = [...MESSAGE_STATUSES, "scheduled"] as const;
export type StoredStatus = typeof STORED_STATUSES[number];

/** Why a recipient failed. */
export const FINAL_REASONS = ["permanent", "retries", "lifetime", "deadline"] as const;
export type FinalReason = typeof FINAL_REASONS[number];

/** What may happen to a recipient. */
export type RecipientEvent =
  | "claim"
  | "suppress"
  | "expire"
  | "accept"
  | "accept_late"
  | "defer"
  | "reject"
  | "condemn"
  | "exhaust"
  | "outlive"
  | "lose"
  | "give_back"
  | "retry"
  | "resend"
  | "cancel";

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
  // Refused for no known reason; then the relay took other mail.
  condemn: { from: ["deferred"], to: "failed" },
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
  condemn: "permanent",
  exhaust: "retries",
  outlive: "lifetime",
};

/** States in which a recipient still waits for an end. */
export const OPEN_STATES: readonly RecipientState[] = ["queued", "sending", "deferred"];

/** Whether a recipient in this state still waits for an end. */
export function isOpen(state: RecipientState): boolean {
  return OPEN_STATES.includes(state);
}

/** One row of the law of statuses. All that it names must hold. */
export interface StatusRule {
  readonly status: StoredStatus;
  /** Some recipient is in one of these states. */
  readonly some?: readonly RecipientState[];
  /** Every recipient is in one of these states. */
  readonly every?: readonly RecipientState[];
  /** The message is held. */
  readonly isHeld?: true;
  /** Its `send_at` has not come. */
  readonly isEarly?: true;
}

/** The status of a message: that of the first row that holds. The last one holds always. */
export const STATUS_RULES: readonly StatusRule[] = [
  { status: "held", some: OPEN_STATES, isHeld: true },
  { status: "sending", some: ["sending"] },
  { status: "scheduled", some: ["queued"], isEarly: true },
  { status: "queued", some: ["queued"] },
  { status: "deferred", some: ["deferred"] },
  { status: "suppressed", every: ["suppressed"] },
  { status: "sent", every: ["sent", "suppressed"] },
  { status: "partial", some: ["sent"] },
  { status: "failed", some: ["failed"] },
  { status: "cancelled" },
];

/** Statuses of messages that have come to their end. */
export const FINAL_STATUSES: readonly MessageStatus[] = [
  "sent",
  "partial",
  "failed",
  "cancelled",
  "suppressed",
];

/** The status that people are shown of a message. */
export function shownStatus(status: StoredStatus): MessageStatus {
  return status === "scheduled" ? "queued" : status;
}

/** The statuses that messages which are shown with one of `statuses` are kept with. */
export function storedStatuses(statuses: readonly MessageStatus[]): StoredStatus[] {
  return STORED_STATUSES.filter((stored) => statuses.includes(shownStatus(stored)));
}

/** The status of a message, whose `send_at` has come, with recipients in `states`. */
export function deriveStatus(states: readonly RecipientState[], isHeld: boolean): MessageStatus {
  const rule = STATUS_RULES.find(({ some, every, isHeld: mustBeHeld, isEarly }) =>
    (some === undefined || states.some((state) => some.includes(state))) &&
    (every === undefined || states.every((state) => every.includes(state))) &&
    (!mustBeHeld || isHeld) && !isEarly
  );
  return shownStatus(rule?.status ?? "cancelled");
}
