// A recipient that a message was not sent to, as the gathering of problems wants it. Stores tell them
// (the port `Reader`), src/app/problems gathers them.

import type { FinalReason, RecipientState } from "./state.ts";

/** A recipient that waits or has failed, with what is known of its message. */
export interface UnsentRecipient {
  /** The message's. */
  readonly id: string;
  readonly sender: string;
  readonly tags: readonly string[];
  /** Ms since 1970, as are all times. */
  readonly createdAt: number;
  readonly address: string;
  readonly state: RecipientState;
  readonly reason: FinalReason | null;
  readonly code: number | null;
  readonly enhanced: string | null;
  readonly reply: string | null;
  /** The relay of the message's last attempt; null if there was none. */
  readonly relay: string | null;
  /** The first attempt that ended with this code, and the last attempt of all. */
  readonly firstTriedAt: number | null;
  readonly lastTriedAt: number | null;
}
