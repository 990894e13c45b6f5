// What a store keeps of the reports that senders are owed (RFC 3464). What a report says and who gets it
// is src/app/reports'; here is what is due, so that a crash neither loses a report nor makes it twice.
// Errors of every method: `busy`, `disk_full`, `io_error`, `permission`, `queue_corrupt`.

import type { WholeMessage } from "../message.ts";

/** What a report is about: that the last recipient of a message has met its end, or that a message
 *  waits for long. */
export const REPORT_KINDS = ["end", "delay"] as const;
type ReportKind = typeof REPORT_KINDS[number];

/** A report that may be owed. */
export interface DueReport {
  readonly seq: number;
  readonly kind: ReportKind;
  /** The message's. */
  readonly id: string;
  readonly sender: string;
  /** Ms since 1970. A message that has ended anew owes another report. */
  readonly since: number;
}

/** Reports of one sender's mail that wait to be told in a digest. */
export interface WaitingReports {
  readonly sender: string;
  readonly count: number;
}

export interface Reports {
  /** From now on a report is due of every message that ends and has failed recipients, or asked for
   *  notices: noted by the store in the very commit that ends it. False ends that, and forgets what is
   *  due. */
  wantReports(isWanted: boolean): Promise<void>;
  /** Makes a report due of each deferred message that waits since before `before` (ms since 1970), once
   *  in its life. */
  noteDelays(before: number): Promise<void>;
  /** Reports that nobody has looked at yet, the longest due first. */
  dueReports(limit: number): Promise<DueReport[]>;
  /** What waits for a digest, by sender. */
  waitingReports(): Promise<WaitingReports[]>;
  /** Reports that wait for a digest, the longest due first, of the mail of these senders. */
  waitingOf(senders: readonly string[], limit: number): Promise<DueReport[]>;
  /** Notes what becomes of due reports, and queues the mail that tells of them, all in one commit.
   *  False, and nothing is done, where one of them is not due any more: another process was faster. */
  settleReports(reports: readonly DueReport[], end: ReportEnd): Promise<boolean>;
  /** Whether an address has refused a report after `since` (ms since 1970). */
  hasRefusedReport(address: string, since: number): Promise<boolean>;
}

export interface ReportEnd {
  /** `waiting`: they are told in a digest. */
  readonly becomes: "done" | "waiting";
  /** The mail that tells of them. */
  readonly mail?: WholeMessage;
  /** An address that has refused a report. */
  readonly refusedBy?: string;
}
