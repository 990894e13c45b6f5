// The part of the PostgreSQL store that knows what senders are owed and what came back. A part of its own
// since the store is long; `PostgresStore` (store.ts) extends it.

import type { BounceEnd, Bounces, NewBounce } from "../../queue/ports/bounces.ts";
import type { DueReport, ReportEnd, Reports, WaitingReports } from "../../queue/ports/reports.ts";
import type { Write } from "./db/transaction.ts";
import { PostgresReading } from "./reading.ts";
import { idsByEnvid, noteBounce } from "./reports/bounces.ts";
import {
  dueReports,
  hasRefusedReport,
  noteDelays,
  settleReports,
  waitingOf,
  waitingReports,
  wantReports,
} from "./reports/reports.ts";

/** See the ports `Reports` and `Bounces`. */
export abstract class PostgresReporting extends PostgresReading implements Reports, Bounces {
  /** A write that somebody may wait for. */
  protected abstract waking<T>(work: (tx: Write) => Promise<T>): Promise<T>;

  wantReports(isWanted: boolean): Promise<void> {
    return wantReports(this.db, isWanted);
  }

  noteDelays(before: number): Promise<void> {
    return noteDelays(this.db, before, this.clock.now());
  }

  dueReports(limit: number): Promise<DueReport[]> {
    return dueReports(this.db, limit);
  }

  waitingReports(): Promise<WaitingReports[]> {
    return waitingReports(this.db);
  }

  waitingOf(senders: readonly string[], limit: number): Promise<DueReport[]> {
    return waitingOf(this.db, senders, limit);
  }

  settleReports(reports: readonly DueReport[], end: ReportEnd): Promise<boolean> {
    const work = (tx: Write) => settleReports(tx, reports, end, this.clock.now());
    return end.mail === undefined ? this.db.write(work) : this.waking(work);
  }

  hasRefusedReport(address: string, since: number): Promise<boolean> {
    return hasRefusedReport(this.db, address, since);
  }

  noteBounce(bounce: NewBounce, suppressAfter: number | null): Promise<BounceEnd> {
    return this.db.write((tx) => noteBounce(tx, bounce, suppressAfter, this.clock.now()));
  }

  idsByEnvid(envid: string): Promise<string[]> {
    return idsByEnvid(this.db, envid);
  }
}
