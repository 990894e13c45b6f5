// Reports that senders are owed, in the table `report`. A trigger (db/report_steps.ts) makes them due; the
// store calls this for its port `Reports`, src/app/reports makes them.

import type { WholeMessage } from "../../../queue/message.ts";
import type { DueReport, ReportEnd, WaitingReports } from "../../../queue/ports/reports.ts";
import { int } from "../../sql/columns.ts";
import { VISIBLE } from "../../sql/condition.ts";
import { statusIs } from "../../sql/law.ts";
import { toDueReport } from "../../sql/rows/report_row.ts";
import type { Connection } from "../db/connection.ts";
import { countEnqueued, insertMessage } from "../take_in/enqueue.ts";

const DUE = `SELECT report.seq, kind, since, id, sender FROM report JOIN message USING (seq)
  WHERE state = ?`;

/** See Reports.wantReports. */
export async function wantReports(db: Connection, isWanted: boolean): Promise<void> {
  await db.write(() => {
    if (isWanted) db.run("INSERT OR IGNORE INTO meta VALUES ('reports', 'on')");
    else {
      db.run("DELETE FROM meta WHERE key = 'reports'");
      db.run("DELETE FROM report");
    }
  });
}

/** See Reports.noteDelays. */
export async function noteDelays(db: Connection, before: number, now: number): Promise<void> {
  const where = `FROM message INDEXED BY by_status
    WHERE ${statusIs("deferred")} AND life_from < ? AND ${VISIBLE}
      AND NOT EXISTS (SELECT 1 FROM report WHERE report.seq = message.seq AND kind = 'delay')`;
  if (db.get(`SELECT 1 ${where} LIMIT 1`, before) === undefined) return;
  await db.write(() =>
    db.run(
      `INSERT INTO report (seq, kind, state, since) SELECT seq, 'delay', 'due', ? ${where}`,
      now,
      before,
    )
  );
}

/** See Reports.dueReports. */
export function dueReports(db: Connection, limit: number): DueReport[] {
  return db.all(`${DUE} ORDER BY since, report.seq LIMIT ?`, "due", limit).map(toDueReport);
}

/** See Reports.waitingReports. */
export function waitingReports(db: Connection): WaitingReports[] {
  return db.all(
    `SELECT sender, count(*) AS n FROM report JOIN message USING (seq)
     WHERE state = 'waiting' GROUP BY sender ORDER BY min(since)`,
  ).map(({ sender, n }) => ({ sender: String(sender), count: int(n) }));
}

/** See Reports.waitingOf. */
export function waitingOf(
  db: Connection,
  senders: readonly string[],
  limit: number,
): DueReport[] {
  return db.all(
    `${DUE} AND sender IN (SELECT value FROM json_each(?)) ORDER BY since, report.seq LIMIT ?`,
    "waiting",
    JSON.stringify(senders),
    limit,
  ).map(toDueReport);
}

/** See Reports.settleReports; runs inside a write. */
export function settleReports(
  db: Connection,
  reports: readonly DueReport[],
  { becomes, mail, refusedBy }: ReportEnd,
  now: number,
): boolean {
  const isOpen = ({ seq, kind, since }: DueReport) =>
    db.get(
      "SELECT 1 FROM report WHERE seq = ? AND kind = ? AND since = ? AND state <> 'done'",
      seq,
      kind,
      since,
    ) !== undefined;
  if (!reports.every(isOpen)) return false;
  for (const { seq, kind } of reports) {
    if (becomes === "done" && kind === "end") {
      db.run("DELETE FROM report WHERE seq = ? AND kind = ?", seq, kind);
    } else {
      db.run("UPDATE report SET state = ? WHERE seq = ? AND kind = ?", becomes, seq, kind);
    }
  }
  if (refusedBy !== undefined) {
    db.run("INSERT OR REPLACE INTO report_refused VALUES (?, ?)", refusedBy.toLowerCase(), now);
  }
  if (mail !== undefined) queueMail(db, mail);
  return true;
}

function queueMail(db: Connection, mail: WholeMessage): void {
  insertMessage(db, mail, 0);
  countEnqueued(db, "report", 1);
}

/** See Reports.hasRefusedReport. */
export function hasRefusedReport(db: Connection, address: string, since: number): boolean {
  const row = db.get(
    "SELECT 1 FROM report_refused WHERE address = ? AND at > ?",
    address.toLowerCase(),
    since,
  );
  return row !== undefined;
}
