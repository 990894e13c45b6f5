// The types of events: what can happen in a queue that others may want to know of. The one place that
// names them all; the store writes them, `mailq events`, hooks and the manual page show them. Pure.

import type { FinalReason, MessageStatus } from "./state.ts";
import type { Priority } from "./message.ts";

/** What the fields of events hold. Names are those of the JSON; times are ms since 1970 here, and
 *  ISO 8601 in the JSON. */
interface FieldValues {
  readonly id: string;
  readonly sender: string;
  readonly recipients: number;
  readonly size: number;
  readonly priority: Priority;
  readonly held: boolean;
  readonly send_at: number | null;
  readonly expires_at: number | null;
  readonly message_id: string | null;
  readonly subject: string | null;
  readonly tags: readonly string[];
  readonly key: string | null;
  readonly submitter: string | null;
  readonly replaces: string | null;
  readonly reason: string | null;
  readonly final_reason: FinalReason;
  readonly status: MessageStatus;
  readonly address: string;
  readonly attempt: number | null;
  readonly relay: string | null;
  readonly host: string | null;
  readonly code: number | null;
  readonly enhanced: string | null;
  readonly reply: string | null;
  readonly delay_ms: number;
  readonly next_attempt_at: number | null;
  readonly reporter: string | null;
  readonly domain: string;
  readonly tag: string;
  readonly until: number | null;
  readonly hint: string | null;
  readonly connections: number | null;
  readonly rate: number | null;
  readonly automatic: boolean;
  readonly oldest_at: number;
  readonly last_sent_at: number | null;
}
type Field = keyof FieldValues;

/** What each field says, for the manual page. */
export const EVENT_FIELDS: Readonly<Record<Field, string>> = {
  id: "the message's id",
  sender: "the envelope sender, empty for the null sender; of sender.* the address that is paused",
  recipients: "how many recipients it is about",
  size: "bytes of the message",
  priority: "now, high, normal or low",
  held: "the message came in held: it waits for `mailq release`",
  send_at: "not to be sent before",
  expires_at: "not to be sent from then on",
  message_id: "the Message-ID field, with its angle brackets",
  subject: "the Subject field, decoded",
  tags: "the message's tags",
  key: "the key it was queued with",
  submitter:
    "who left it in the drop folder, or logged in at the listener; of mail from SQL the role",
  replaces: "the id of the message that it is a changed copy of",
  reason: "why, in words for people; null where nobody said",
  final_reason: "permanent, retries, lifetime or deadline",
  status: "the message's status, at its end or as it was restored",
  address: "the recipient's address",
  attempt: "the number of the attempt in the message's history; null where none was made",
  relay: "the relay's name in the settings",
  host: "the host that answered",
  code: "the reply's three digits",
  enhanced: "the enhanced status code, such as 5.1.1",
  reply: "the reply's text, or what happened in its place",
  delay_ms: "ms since the message could first be sent: since it was queued, or its send_at",
  next_attempt_at: "when the next try is due; null = at once, or when somebody releases it",
  reporter: "the host that says so",
  domain: "the recipients' domain",
  tag: "the tag",
  until: "when it ends by itself; null = not by itself",
  hint: "what a person can do about it",
  connections: "connections it is found to bear; null = as the settings say",
  rate: "messages a second it is found to bear; null = as the settings say",
  automatic: "mailq has done it by itself, not a person",
  oldest_at: "since when the oldest message that could go waits",
  last_sent_at: "when mail went out last; null where that is not known",
};

/** The fields that hold times: ms since 1970 here, ISO 8601 in the JSON. */
const TIME_FIELDS: readonly string[] = [
  "send_at",
  "expires_at",
  "next_attempt_at",
  "until",
  "oldest_at",
  "last_sent_at",
] satisfies readonly Field[];

interface TypeFacts {
  /** What has happened, in one line. */
  readonly brief: string;
  readonly fields: readonly Field[];
}

const ATTEMPTED = [
  "id",
  "address",
  "attempt",
  "relay",
  "host",
  "code",
  "enhanced",
  "reply",
] as const;

/** Every type of event, with what its JSON holds beside `number`, `at` and `type`. */
export const EVENT_TYPES = {
  "message.enqueued": {
    brief: "A message is in the queue; of a batch, once all of it is",
    fields: [
      "id",
      "sender",
      "recipients",
      "size",
      "priority",
      "held",
      "send_at",
      "expires_at",
      "message_id",
      "subject",
      "tags",
      "key",
      "submitter",
      "replaces",
    ],
  },
  "message.refused": {
    brief: "Mail that SQL brought cannot be taken into the queue: it is kept in `mailq.refused`",
    fields: ["id", "submitter", "key", "reason"],
  },
  "message.held": {
    brief: "A message that is in the queue waits for `mailq release` from now on",
    fields: ["id", "reason"],
  },
  "message.released": { brief: "A held message may be sent again", fields: ["id"] },
  "message.restored": {
    brief: "What somebody did to it was taken back: it is what it was before",
    fields: ["id", "status"],
  },
  "message.cancelled": {
    brief: "Recipients that waited get no mail: somebody has cancelled it",
    fields: ["id", "recipients"],
  },
  "message.expired": {
    brief: "A message's expires_at has passed: what was open of it has failed",
    fields: ["id", "recipients"],
  },
  "message.purged": {
    brief: "A message was deleted from the queue",
    fields: ["id", "status", "tags"],
  },
  "message.resent": {
    brief: "Recipients are queued again, whatever became of them before",
    fields: ["id", "recipients"],
  },
  "recipient.sent": {
    brief: "A relay has taken the message for this recipient",
    fields: [...ATTEMPTED, "delay_ms"],
  },
  "recipient.deferred": {
    brief: "The recipient is tried again later",
    fields: [...ATTEMPTED, "next_attempt_at"],
  },
  "recipient.failed": {
    brief: "The recipient is given up",
    fields: [...ATTEMPTED, "final_reason"],
  },
  "recipient.suppressed": {
    brief: "The recipient is on the do-not-send list and gets no mail",
    fields: ["id", "address"],
  },
  "recipient.uncertain": {
    brief: "An attempt was cut off before the relay's answer: it may have arrived",
    fields: [...ATTEMPTED, "next_attempt_at"],
  },
  "recipient.bounced": {
    brief: "Another host returned what a relay had taken for this recipient",
    fields: ["id", "address", "code", "enhanced", "reply", "reporter"],
  },
  "relay.down": {
    brief: "A relay failed again and again and is left alone for a while",
    fields: ["relay", "reply", "until"],
  },
  "relay.refusing": {
    brief: "A relay can be reached, refuses our mail and is left alone for a while",
    fields: ["relay", "reply", "hint", "until"],
  },
  "relay.up": {
    brief:
      "A relay that was down or refused mail is used again: it took mail, or its settings changed",
    fields: ["relay"],
  },
  "relay.throttled": {
    brief: "A relay wants less: it gets fewer connections, less speed or a rest",
    fields: ["relay", "reply", "connections", "rate", "until"],
  },
  "relay.paused": {
    brief: "Nothing is sent by a relay: somebody has paused it",
    fields: ["relay", "reason", "until", "automatic"],
  },
  "relay.resumed": { brief: "A relay's pause was ended", fields: ["relay"] },
  "sender.paused": {
    brief: "Nothing is sent of a sender: somebody has paused it, or a relay refuses it",
    fields: ["sender", "reason", "until", "automatic"],
  },
  "sender.resumed": { brief: "A sender's pause was ended", fields: ["sender"] },
  "domain.paused": {
    brief: "Nothing is sent to a domain: somebody has paused it",
    fields: ["domain", "reason", "until", "automatic"],
  },
  "domain.resumed": { brief: "A domain's pause was ended", fields: ["domain"] },
  "tag.paused": {
    brief: "Nothing is sent of a tag: somebody has paused it",
    fields: ["tag", "reason", "until", "automatic"],
  },
  "tag.resumed": { brief: "A tag's pause was ended", fields: ["tag"] },
  "queue.paused": { brief: "Nothing is sent from the queue", fields: ["reason", "until"] },
  "queue.resumed": { brief: "The queue's pause was ended", fields: [] },
  "queue.stalled": {
    brief: "Mail could go, and none was sent for so long as stalled_after says",
    fields: ["reason", "oldest_at", "last_sent_at"],
  },
  "queue.moving": {
    brief: "A queue that was stalled moves again: mail was sent, or none waits",
    fields: [],
  },
  "suppression.added": {
    brief: "An address is on the do-not-send list from now on",
    fields: ["address", "reason"],
  },
  "suppression.removed": {
    brief: "An address is not on the do-not-send list any more",
    fields: ["address"],
  },
} as const satisfies Readonly<Record<string, TypeFacts>>;

export type EventType = keyof typeof EVENT_TYPES;

/** What happened, with all its type's fields. */
export type QueueEvent = {
  [T in EventType]:
    & { readonly type: T }
    & Pick<FieldValues, typeof EVENT_TYPES[T]["fields"][number]>;
}[EventType];

/** An event as it is read again. `fields` are those of its type when it was written: a newer program's
 *  may have more, and types that this one does not know. */
export interface NumberedEvent {
  /** Grows with every event of a queue, not always by one: who remembers the last one that he has seen
   *  misses none that is written later. */
  readonly number: number;
  /** Ms since 1970. */
  readonly at: number;
  readonly type: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The types that a pattern means: a type, `recipient.*`, or `*` for all; none for any other text. */
export function typesOf(pattern: string): string[] {
  const names = Object.keys(EVENT_TYPES);
  if (pattern === "*") return names;
  const isWanted = pattern.endsWith(".*")
    ? (name: string) => name.startsWith(pattern.slice(0, -1))
    : (name: string) => name === pattern;
  return names.filter(isWanted);
}

/** An event as programs get it: one JSON object, with times in ISO 8601. */
export function eventJson({ number, at, type, fields }: NumberedEvent): Record<string, unknown> {
  const json: Record<string, unknown> = { number, at: new Date(at).toISOString(), type };
  for (const [name, value] of Object.entries(fields)) {
    const isTime = typeof value === "number" && TIME_FIELDS.includes(name);
    json[name] = isTime ? new Date(value).toISOString() : value;
  }
  return json;
}
