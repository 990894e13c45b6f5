// What a store keeps of mail that came back after a relay had taken it. Reading returned mail, and finding
// the message that it is about, is src/app/bounced'.
// Errors of every method: `busy`, `disk_full`, `io_error`, `permission`, `queue_corrupt`.

/** What another host says of a recipient that mail was sent to. */
export interface Bounce {
  /** Three digits, where it gave any. */
  readonly code: number | null;
  /** The enhanced status code (RFC 3463). */
  readonly enhanced: string | null;
  /** Its words, in one line. */
  readonly reply: string | null;
  /** The host that says so. */
  readonly reporter: string | null;
}

export interface NewBounce extends Bounce {
  /** The message (whole id) and its recipient. */
  readonly id: string;
  readonly address: string;
  /** The address itself is wrong or gone: it counts towards `suppressAfter`. */
  readonly isHard: boolean;
}

/** What became of a bounce that was noted. `known`: the same was noted before. `missing`: the message has
 *  no such recipient, or none that mail was sent to. */
export interface BounceEnd {
  readonly kind: "noted" | "known" | "missing";
  /** The address is on the do-not-send list by that. */
  readonly isSuppressed: boolean;
}

export interface Bounces {
  /** Notes that mail to a recipient came back, in one commit; the recipient stays `sent`. An address that
   *  `suppressAfter` messages were returned from for good goes on the do-not-send list; null = never. */
  noteBounce(bounce: NewBounce, suppressAfter: number | null): Promise<BounceEnd>;
  /** The messages (whole ids) that were sent with this ENVID, a few at most. */
  idsByEnvid(envid: string): Promise<string[]>;
}
