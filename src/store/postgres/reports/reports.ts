// Reports that senders are owed, in the table `report`. A trigger (db/report_steps.ts) makes them due; the
// store calls this for its port `Reports`, src/app/reports makes them.

import type { DueReport, ReportEnd, WaitingReports } from "../../../queue/ports/reports.ts";
import { int } from "../../sql/columns.ts";
import { VISIBLE } from "../../sql/condition.ts";
import { statusIs } from "../../sql/law.ts";
import { toDueReport } from "../../sql/rows/report_row.ts";
import type { Database } from "../db/connection.ts";
import { json, type Sql, type Write } from "../db/transaction.ts";
import { enqueueAll, incoming } from "../take_in/enqueue.ts";

const DUE = `SELECT report.seq, kind, since, id, sender FROM report JOIN message USING (seq)
  WHERE state = ?`;
// Locked in one order: two processes that settle the same wait for each other.
const OPEN = `SELECT report.seq FROM report
    JOIN jsonb_to_recordset(?::jsonb) AS one (seq bigint, kind text, since bigint)
      USING (seq, kind, since)
  WHERE state <> 'done' ORDER BY report.seq, kind FOR UPDATE OF report`;
const SETTLED = `USING jsonb_to_recordset(?::jsonb) AS one (seq bigint, kind text)
  WHERE report.seq = one.seq AND report.kind = one.kind`;

/** See Reports.wantReports. */
export async function wantReports(db: Database, isWanted: boolean): Promise<void> {
  const isOn = await db.get("SELECT 1 FROM meta WHERE key = 'reports'") !== undefined;
  if (isOn === isWanted) return;
  await db.write(async (tx) => {
    if (isWanted) {
      await tx.run("INSERT INTO meta VALUES ('reports', 'on') ON CONFLICT DO NOTHING");
      return;
    }
    await tx.run("DELETE FROM meta WHERE key = 'reports'");
    await tx.run("DELETE FROM report");
  });
}

/** See Reports.noteDelays. */
export async function noteDelays(db: Database, before: number, now: number): Promise<void> {
  await db.run(
    `INSERT INTO report (seq, kind, state, since) SELECT seq, 'delay', 'due', ?::bigint FROM message
     WHERE ${statusIs("deferred")} AND life_from < ? AND ${VISIBLE}
       AND NOT EXISTS (SELECT FROM report WHERE report.seq = message.seq AND kind = 'delay')
     ON CONFLICT DO NOTHING`,
    now,
    before,
  );
}

/** See Reports.dueReports. */
export async function dueReports(db: Database, limit: number): Promise<DueReport[]> {
  const rows = await db.all(`${DUE} ORDER BY since, report.seq LIMIT ?`, "due", limit);
  return rows.map(toDueReport);
}

/** See Reports.waitingReports. */
export async function waitingReports(db: Database): Promise<WaitingReports[]> {
  const rows = await db.all(
    `SELECT sender, count(*) AS n FROM report JOIN message USING (seq)
     WHERE state = 'waiting' GROUP BY sender ORDER BY min(since)`,
  );
  return rows.map(({ sender, n }) => ({ sender: String(sender), count: int(n) }));
}

/** See Reports.waitingOf. */
export async function waitingOf(
  db: Database,
  senders: readonly string[],
  limit: number,
): Promise<DueReport[]> {
  const rows = await db.all(
    `${DUE} AND sender = ANY(?) ORDER BY since, report.seq LIMIT ?`,
    "waiting",
    senders,
    limit,
  );
  return rows.map(toDueReport);
}

/** See Reports.settleReports; runs inside a write. */
export async function settleReports(
  tx: Write,
  reports: readonly DueReport[],
  { becomes, mail, refusedBy }: ReportEnd,
  now: number,
): Promise<boolean> {
  const given = json(reports.map(({ seq, kind, since }) => ({ seq, kind, since })));
  if ((await tx.all(OPEN, given)).length < reports.length) return false;
  if (becomes === "done") {
    await tx.run(`DELETE FROM report ${SETTLED} AND report.kind = 'end'`, given);
  }
  await tx.run(`UPDATE report SET state = ? ${SETTLED.replace("USING", "FROM")}`, becomes, given);
  if (refusedBy !== undefined) await noteRefusal(tx, refusedBy, now);
  if (mail !== undefined) {
    await enqueueAll(tx, [incoming(mail)]);
    tx.counts.add("enqueued", ["report"]);
  }
  return true;
}

async function noteRefusal(tx: Sql, address: string, now: number): Promise<void> {
  await tx.run(
    `INSERT INTO report_refused VALUES (?, ?)
     ON CONFLICT (address) DO UPDATE SET at = excluded.at`,
    address.toLowerCase(),
    now,
  );
}

/** See Reports.hasRefusedReport. */
export async function hasRefusedReport(
  db: Database,
  address: string,
  since: number,
): Promise<boolean> {
  const row = await db.get(
    "SELECT 1 FROM report_refused WHERE address = ? AND at > ?",
    address.toLowerCase(),
    since,
  );
  return row !== undefined;
}
