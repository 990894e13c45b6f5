// What relays are suspected of (src/queue/policy/suspicion.ts), in the table `suspicion`: a row a relay
// and reply. Delivery adds to it, and has the suspects fail once the relay takes other mail.

import { refusalKey } from "../../../queue/policy/refusal_words.ts";
import type { Suspect, Suspicion } from "../../../queue/policy/suspicion.ts";
import { number, text } from "../../sql/columns.ts";
import { happens, mayHappen } from "../../sql/law.ts";
import { toSuspicion } from "../../sql/rows/relay_rows.ts";
import { classOf } from "../../../queue/counters.ts";
import { tellFailed } from "../../sql/outcome_events.ts";
import type { Database } from "../db/connection.ts";
import type { Sql, Write } from "../db/transaction.ts";
import { lockMessages } from "../filter/matching.ts";
import { refreshMessages } from "./refresh_messages.ts";

const OPEN_REPLY = `SELECT address, code, enhanced, reply FROM recipient
  WHERE seq = ? AND n = ? AND ${mayHappen("condemn")}`;
const CONDEMN = `UPDATE recipient SET ${happens("condemn")} WHERE seq = ? AND n = ?`;
const LOCK = "SELECT pg_advisory_xact_lock(1835101558, hashtext(?))";

/** See Claims.suspicions. */
export async function suspicions(sql: Sql, relay: string): Promise<Suspicion[]> {
  return (await sql.all("SELECT * FROM suspicion WHERE relay = ?", relay)).map(toSuspicion);
}

/** See Claims.noteSuspicion. */
export async function noteSuspicion(
  db: Database,
  relay: string,
  key: string,
  change: (suspicion: Suspicion | null) => Suspicion | null,
): Promise<Suspicion | null> {
  return await db.write(async (tx) => {
    await tx.all(LOCK, relay);
    const row = await tx.get("SELECT * FROM suspicion WHERE relay = ? AND key = ?", relay, key);
    const suspicion = change(row === undefined ? null : toSuspicion(row));
    await tx.run("DELETE FROM suspicion WHERE relay = ? AND key = ?", relay, key);
    if (suspicion !== null) {
      await tx.run(
        "INSERT INTO suspicion (relay, key, reply, since, suspects) VALUES (?, ?, ?, ?, ?)",
        relay,
        key,
        suspicion.text,
        suspicion.since,
        JSON.stringify(suspicion.suspects),
      );
    }
    return suspicion;
  });
}

/** See Claims.condemnSuspects. */
export async function condemnSuspects(db: Database, relay: string, now: number): Promise<number> {
  return await db.write(async (tx) => {
    await tx.all(LOCK, relay);
    const known = await suspicions(tx, relay);
    await lockMessages(tx, known.flatMap(({ suspects }) => suspects.map(({ seq }) => seq)));
    let failed = 0;
    for (const { key, suspects } of known) {
      for (const suspect of suspects) {
        const codes = await condemn(tx, suspect, key, now);
        for (const code of codes) tx.counts.add("recipients", [relay, "failed", classOf(code)]);
        if (codes.length > 0) failed++;
      }
    }
    await tx.run("DELETE FROM suspicion WHERE relay = ?", relay);
    return failed;
  });
}

/** Fails the recipients of a suspect whose last word is still that refusal: whoever was tried again
 *  since has another. Resolves to the code that each of them had. */
async function condemn(
  tx: Write,
  { seq, recipients }: Suspect,
  key: string,
  now: number,
): Promise<(number | null)[]> {
  const failed: (number | null)[] = [];
  const message = await tx.get("SELECT id FROM message WHERE seq = ?", seq);
  for (const n of recipients) {
    const row = await tx.get(OPEN_REPLY, seq, n);
    if (row === undefined) continue;
    const reply = {
      code: number(row.code),
      enhanced: text(row.enhanced),
      text: text(row.reply) ?? "",
    };
    if (refusalKey(reply) !== key || await tx.run(CONDEMN, seq, n) === 0) continue;
    failed.push(reply.code);
    tellFailed(tx, String(message?.id), row, { reason: "permanent", now });
  }
  if (failed.length > 0) await refreshMessages(tx, [seq], now);
  return failed;
}
