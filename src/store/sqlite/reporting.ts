// The part of the SQLite store that knows what senders are owed and what came back. A part of its own
// since the store is long; `SqliteStore` (store.ts) extends it, and every module it needs is loaded when
// it is wanted.

import type { BounceEnd, Bounces, NewBounce } from "../../queue/ports/bounces.ts";
import type { DueReport, ReportEnd, Reports, WaitingReports } from "../../queue/ports/reports.ts";
import { wake } from "./db/wake.ts";
import { SqliteReading } from "./reading.ts";

const load = <Module>(name: string): Promise<Module> => import(import.meta.resolve(`./${name}.ts`));
const loadReports = () => load<typeof import("./reports/reports.ts")>("reports/reports");
const loadBounces = () => load<typeof import("./reports/bounces.ts")>("reports/bounces");

/** See the ports `Reports` and `Bounces`. */
export abstract class SqliteReporting extends SqliteReading implements Reports, Bounces {
  async wantReports(isWanted: boolean): Promise<void> {
    const isOn = this.db.get("SELECT 1 FROM meta WHERE key = 'reports'") !== undefined;
    if (isOn === isWanted) return;
    const { wantReports } = await loadReports();
    await wantReports(this.db, isWanted);
  }

  async noteDelays(before: number): Promise<void> {
    const { noteDelays } = await loadReports();
    await noteDelays(this.db, before, this.clock.now());
  }

  async dueReports(limit: number): Promise<DueReport[]> {
    const { dueReports } = await loadReports();
    return dueReports(this.db, limit);
  }

  async waitingReports(): Promise<WaitingReports[]> {
    const { waitingReports } = await loadReports();
    return waitingReports(this.db);
  }

  async waitingOf(senders: readonly string[], limit: number): Promise<DueReport[]> {
    const { waitingOf } = await loadReports();
    return waitingOf(this.db, senders, limit);
  }

  async settleReports(reports: readonly DueReport[], end: ReportEnd): Promise<boolean> {
    const { settleReports } = await loadReports();
    const isDone = await this.db.write(() =>
      settleReports(this.db, reports, end, this.clock.now())
    );
    if (isDone && end.mail !== undefined) this.wakeOthers();
    return isDone;
  }

  async hasRefusedReport(address: string, since: number): Promise<boolean> {
    const { hasRefusedReport } = await loadReports();
    return hasRefusedReport(this.db, address, since);
  }

  async noteBounce(bounce: NewBounce, suppressAfter: number | null): Promise<BounceEnd> {
    const { noteBounce } = await loadBounces();
    return await this.db.write(() => noteBounce(this.db, bounce, suppressAfter, this.clock.now()));
  }

  async idsByEnvid(envid: string): Promise<string[]> {
    const { idsByEnvid } = await loadBounces();
    return idsByEnvid(this.db, envid);
  }

  /** Wakes whoever waits for a change. */
  protected wakeOthers(): void {
    wake(this.db);
  }
}
