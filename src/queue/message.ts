// A message on its way in, and a message as people are shown it. Addresses and texts are as intake
// left them (src/intake); times are ms since 1970. What a worker holds of one is in claim.ts.

import type { FinalReason, MessageStatus, RecipientState } from "./state.ts";
import type { DsnRequest, EnvelopeDsn, RecipientDsn } from "./dsn.ts";
import type { AttemptResult, Outcome } from "./outcome.ts";

/** Priorities from the most to the least urgent; `now` is sent by the process that took it in. */
export const PRIORITIES = ["now", "high", "normal", "low"] as const;
export type Priority = typeof PRIORITIES[number];

/** A message on its way into the queue, its bytes already in the form they will leave in. */
export interface NewMessage {
  readonly id: string;
  /** The envelope sender; empty for the null sender `<>`. */
  readonly sender: string;
  /** Envelope recipients without duplicates, at least one. */
  readonly recipients: readonly string[];
  readonly priority: Priority;
  readonly createdAt: number;
  readonly sendAt: number | null;
  readonly expiresAt: number | null;
  readonly isHeld: boolean;
  readonly tags: readonly string[];
  /** Makes enqueue idempotent: a second message of this key is not stored. */
  readonly key: string | null;
  /** Who handed it in, where that is another user than the queue's owner. */
  readonly submitter?: string | null;
  /** The id of the message this one was made from. */
  readonly replaces?: string | null;
  readonly dsn?: DsnRequest | null;
  /** What intake changed of its bytes beyond what it does to each, such as `encoded 1 long line`. */
  readonly changes?: readonly string[];
  /** Header fields for people to read: decoded, never used to deliver. */
  readonly display: HeaderDisplay;
}

export interface HeaderDisplay {
  readonly subject: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly messageId: string | null;
}

/** What delivery must know of a message's bytes without reading them. */
export interface ContentFacts {
  readonly sizeBytes: number;
  /** Lines that begin with a dot, each of which SMTP doubles (RFC 5321 4.5.2). */
  readonly dotLines: number;
  /** Whether any byte is over 127 (8BITMIME, RFC 6152). */
  readonly isEightBit: boolean;
}

/** A message whose bytes fit in memory. */
export interface WholeMessage extends NewMessage, ContentFacts {
  readonly content: Uint8Array;
}

/** A message as `list` shows it. Times are ms since 1970. */
export interface MessageSummary extends HeaderDisplay {
  readonly seq: number;
  readonly id: string;
  readonly status: MessageStatus;
  readonly finalReason: FinalReason | null;
  readonly sender: string;
  readonly sizeBytes: number;
  readonly priority: Priority;
  readonly tags: readonly string[];
  readonly key: string | null;
  readonly createdAt: number;
  readonly sendAt: number | null;
  readonly expiresAt: number | null;
  readonly sentAt: number | null;
  readonly tries: number;
  readonly nextAttemptAt: number | null;
  readonly lastReply: string | null;
  readonly recipientsTotal: number;
  readonly recipientsOpen: number;
  readonly recipientsSent: number;
  readonly recipientsFailed: number;
  /** The first envelope recipient, for one-line listings. */
  readonly firstRecipient: string;
  readonly isHeld: boolean;
  readonly submitter: string | null;
  readonly replaces: string | null;
}

/** What another host said when it returned a message, and when we heard of it. */
export interface ReturnedMail {
  readonly at: number;
  readonly code: number | null;
  readonly enhanced: string | null;
  readonly reply: string | null;
  readonly reporter: string | null;
}

export interface RecipientDetail {
  readonly address: string;
  readonly state: RecipientState;
  readonly reason: FinalReason | null;
  readonly tries: number;
  readonly failures: number;
  readonly code: number | null;
  readonly enhanced: string | null;
  readonly reply: string | null;
  readonly nextAttemptAt: number | null;
  readonly sentAt: number | null;
  readonly dsn: RecipientDsn | null;
  /** What came back after a relay had taken it; null where nothing did. */
  readonly bounce: ReturnedMail | null;
}

/** What is known of an attempt as a whole: the relay it went by aside. */
export interface AttemptFacts {
  readonly startedAt: number;
  readonly durationMs: number;
  readonly host: string | null;
  readonly tls: string | null;
  readonly result: AttemptResult;
  readonly code: number | null;
  readonly enhanced: string | null;
  readonly reply: string | null;
  readonly error: string | null;
  readonly traceback: string | null;
  readonly transcript: string | null;
}

export interface AttemptDetail extends AttemptFacts {
  readonly n: number;
  readonly relay: string | null;
  readonly outcomes: readonly Outcome[];
}

export interface MessageDetail extends MessageSummary {
  /** What the sender asked of notices. */
  readonly dsn: EnvelopeDsn | null;
  /** What intake changed of its bytes beyond what it does to each. */
  readonly changes: readonly string[];
  readonly recipients: readonly RecipientDetail[];
  readonly attempts: readonly AttemptDetail[];
}
