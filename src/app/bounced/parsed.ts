// What a returned mail says, once it is taken apart: which message, which recipients, why. parse.ts makes
// it, take_bounced.ts looks for the message in the queue.

import type { Bounce } from "../../queue/ports/bounces.ts";

/** What is said of one recipient. */
export interface ReportedRecipient {
  /** The recipient as the report names it: as it was asked for, and as it was in the end. */
  readonly addresses: readonly string[];
  /** What happened to it (RFC 3464 2.3.3), in small letters. */
  readonly action: string;
  readonly bounce: Bounce;
}

export interface ParsedBounce {
  /** Whom the mail was returned to: an address may hold the message's id. */
  readonly returnedTo: readonly string[];
  /** The ENVID that the message was sent with. */
  readonly envid: string | null;
  /** Message-IDs of what may have been returned, with their angle brackets, the surest first. */
  readonly messageIds: readonly string[];
  /** The host that says so. */
  readonly reporter: string | null;
  readonly recipients: readonly ReportedRecipient[];
  /** Where no fields for programs tell of recipients: the words that do. */
  readonly prose: string | null;
}
