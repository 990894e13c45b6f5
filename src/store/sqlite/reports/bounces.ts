// Mail that came back after a relay had taken it, in the table `bounce`. The store calls it for its port
// `Bounces`.

import type { BounceEnd, NewBounce } from "../../../queue/ports/bounces.ts";
import { int } from "../../sql/columns.ts";
import { VISIBLE } from "../../sql/condition.ts";
import { stateIs } from "../../sql/law.ts";
import { isSameBounce } from "../../sql/rows/bounce_row.ts";
import { suppressOne } from "../act/suppression.ts";
import { clean, type Connection } from "../db/connection.ts";

/** Messages that were sent with one ENVID, which senders should not use twice. */
const SAME_ENVID = 10;

/** See Bounces.noteBounce; runs inside a write. */
export function noteBounce(
  db: Connection,
  bounce: NewBounce,
  suppressAfter: number | null,
  now: number,
): BounceEnd {
  const { id, code, enhanced, reporter } = bounce;
  const address = bounce.address.toLowerCase();
  const reply = clean(bounce.reply);
  const row = db.get(
    `SELECT seq, n, address, sent_at FROM recipient WHERE lower(address) = ? AND ${stateIs("sent")}
       AND seq = (SELECT seq FROM message WHERE id = ? AND ${VISIBLE})`,
    address,
    id,
  );
  if (row === undefined) return { kind: "missing", isSuppressed: false };
  const earlier = db.get("SELECT * FROM bounce WHERE seq = ? AND n = ?", int(row.seq), int(row.n));
  if (earlier !== undefined && isSameBounce(earlier, { ...bounce, reply }, row.sent_at)) {
    return { kind: "known", isSuppressed: false };
  }
  db.run(
    `INSERT OR REPLACE INTO bounce (seq, n, address, at, code, enhanced, reply, reporter, is_hard)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    int(row.seq),
    int(row.n),
    address,
    now,
    code,
    enhanced,
    reply,
    clean(reporter),
    bounce.isHard ? 1 : 0,
  );
  db.tell({
    type: "recipient.bounced",
    id,
    address: String(row.address),
    code,
    enhanced,
    reply,
    reporter,
  }, now);
  if (!bounce.isHard || suppressAfter === null) return { kind: "noted", isSuppressed: false };
  const count = db.get(
    "SELECT count(*) AS n FROM bounce WHERE address = ? AND is_hard = 1",
    address,
  );
  const isSuppressed = int(count?.n) >= suppressAfter &&
    suppressOne(db, { address, reason: reply, now }) > 0;
  return { kind: "noted", isSuppressed };
}

/** See Bounces.idsByEnvid. */
export function idsByEnvid(db: Connection, envid: string): string[] {
  return db.all(
    `SELECT id FROM message WHERE dsn IS NOT NULL AND json_extract(dsn, '$.envid') = ? AND ${VISIBLE}
     ORDER BY seq DESC LIMIT ${SAME_ENVID}`,
    envid,
  ).map((row) => String(row.id));
}
