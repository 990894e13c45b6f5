// Mail that came back after a relay had taken it, in the table `bounce`. The store calls it for its port
// `Bounces`.

import type { BounceEnd, NewBounce } from "../../../queue/ports/bounces.ts";
import { int, text } from "../../sql/columns.ts";
import { VISIBLE } from "../../sql/condition.ts";
import { stateIs } from "../../sql/law.ts";
import { isSameBounce } from "../../sql/rows/bounce_row.ts";
import type { Database } from "../db/connection.ts";
import type { Write } from "../db/transaction.ts";

/** Messages that were sent with one ENVID, which senders should not use twice. */
const SAME_ENVID = 10;
const SUPPRESS = `INSERT INTO suppression (address, reason, created_at) VALUES (?, ?, ?)
  ON CONFLICT DO NOTHING RETURNING reason`;

/** See Bounces.noteBounce; runs inside a write. */
export async function noteBounce(
  tx: Write,
  bounce: NewBounce,
  suppressAfter: number | null,
  now: number,
): Promise<BounceEnd> {
  const { id, code, enhanced, reply, reporter } = bounce;
  const address = bounce.address.toLowerCase();
  const message = await tx.get(
    `SELECT seq FROM message WHERE id = ? AND ${VISIBLE} FOR UPDATE`,
    id,
  );
  const row = await tx.get(
    `SELECT seq, n, address, sent_at FROM recipient
     WHERE seq = ? AND lower(address) = ? AND ${stateIs("sent")}`,
    int(message?.seq ?? 0),
    address,
  );
  if (row === undefined) return { kind: "missing", isSuppressed: false };
  const earlier = await tx.get(
    "SELECT * FROM bounce WHERE seq = ? AND n = ?",
    int(row.seq),
    int(row.n),
  );
  if (earlier !== undefined && isSameBounce(earlier, bounce, row.sent_at)) {
    return { kind: "known", isSuppressed: false };
  }
  await tx.run(
    `INSERT INTO bounce (seq, n, address, at, code, enhanced, reply, reporter, is_hard)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (seq, n) DO UPDATE SET at = excluded.at, code = excluded.code,
       enhanced = excluded.enhanced, reply = excluded.reply, reporter = excluded.reporter,
       is_hard = excluded.is_hard`,
    int(row.seq),
    int(row.n),
    address,
    now,
    code,
    enhanced,
    reply,
    reporter,
    bounce.isHard ? 1 : 0,
  );
  tx.tell({
    type: "recipient.bounced",
    id,
    address: String(row.address),
    code,
    enhanced,
    reply,
    reporter,
  }, now);
  if (!bounce.isHard || suppressAfter === null) return { kind: "noted", isSuppressed: false };
  const count = await tx.get(
    "SELECT count(*) AS n FROM bounce WHERE address = ? AND is_hard = 1",
    address,
  );
  if (int(count?.n) < suppressAfter) return { kind: "noted", isSuppressed: false };
  const listed = await tx.get(SUPPRESS, address, reply, now);
  if (listed === undefined) return { kind: "noted", isSuppressed: false };
  tx.tell({ type: "suppression.added", address, reason: text(listed.reason) }, now);
  return { kind: "noted", isSuppressed: true };
}

/** See Bounces.idsByEnvid. */
export async function idsByEnvid(db: Database, envid: string): Promise<string[]> {
  const rows = await db.all(
    `SELECT id FROM message WHERE dsn IS NOT NULL AND dsn::jsonb ->> 'envid' = ? AND ${VISIBLE}
     ORDER BY seq DESC LIMIT ${SAME_ENVID}`,
    envid,
  );
  return rows.map((row) => String(row.id));
}
