// What a worker holds while it sends, and what it records of an attempt. Stores make claims,
// delivery hands them over and makes the attempts; what they are for is told in ports/claims.ts.

import type { EnvelopeDsn, RecipientDsn } from "./dsn.ts";
import type { AttemptFacts, ContentFacts } from "./message.ts";
import type { OutcomeKind } from "./outcome.ts";
import type { FinalReason } from "./state.ts";

/** A recipient in a worker's hands. */
export interface ClaimedRecipient {
  /** The recipient's place in its message. */
  readonly n: number;
  readonly address: string;
  readonly tries: number;
  readonly failures: number;
  /** What the sender wants to be told of this recipient; absent where nothing was asked. */
  readonly dsn?: RecipientDsn | null;
}

/** A worker's hold on the queued recipients of one message. */
export interface Claim extends ContentFacts {
  readonly seq: number;
  readonly id: string;
  /** Every write of the claim names it; a claim that was taken over has another. */
  readonly token: number;
  readonly sender: string;
  /** Where the lifetime of its retries counts from, ms since 1970. */
  readonly lifeFrom: number;
  readonly recipients: readonly ClaimedRecipient[];
  /** The bytes, where they are few: always up to 256 KB, as far as a claim has room (see
   *  `ClaimRequest.bodyBytes`). Others are read in pieces, by `Reader.content`. */
  readonly content: Uint8Array | null;
  /** Lets go of the memory of `content`: left to the collector, megabytes a moment would set it off
   *  all the time. A write that is still under way keeps it; nobody else may read it any more. To
   *  be called once at most. */
  readonly release?: () => void;
  /** What the sender asked of notices; absent where nothing was asked. */
  readonly dsn?: EnvelopeDsn;
  /** Absent where there are none. */
  readonly tags?: readonly string[];
}

/** How one attempt ended for one recipient, and what becomes of the recipient. */
export interface RecipientChange {
  readonly n: number;
  readonly address: string;
  readonly outcome: OutcomeKind;
  /** `sending`: another relay is tried at once, and decides. */
  readonly state: "sent" | "deferred" | "failed" | "sending";
  readonly reason: FinalReason | null;
  readonly nextAt: number | null;
  readonly failures: number;
  readonly code: number | null;
  readonly enhanced: string | null;
  readonly reply: string | null;
  /** The address goes on the do-not-send list. */
  readonly suppresses: boolean;
  /** The relay took it and passes no notices on, and the sender wants to know that it arrives. */
  readonly owesNotice?: boolean;
}

/** One attempt to be recorded. */
export interface AttemptRecord extends AttemptFacts {
  readonly claim: Claim;
  readonly relay: string;
  readonly changes: readonly RecipientChange[];
  /** No further attempt of this claim follows. */
  readonly endsClaim: boolean;
  /** The message is held from now on, as far as it is open; absent = it is not. */
  readonly holds?: boolean;
}
