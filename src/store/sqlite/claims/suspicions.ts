// What relays are suspected of (src/queue/policy/suspicion.ts), in the table `suspicion`: a row a relay
// and reply. Delivery adds to it, and has the suspects fail once the relay takes other mail.

import { refusalKey } from "../../../queue/policy/refusal_words.ts";
import type { Suspect, Suspicion } from "../../../queue/policy/suspicion.ts";
import { number, text } from "../../sql/columns.ts";
import { toSuspicion } from "../../sql/rows/relay_rows.ts";
import { clean, type Connection } from "../db/connection.ts";
import { happens, mayHappen } from "../../sql/law.ts";
import { tellFailed } from "../../sql/outcome_events.ts";
import { classOf, Counts } from "../../../queue/counters.ts";
import { addCounts } from "../counters/add.ts";
import { refreshMessage } from "./refresh_message.ts";

const OPEN_REPLY = `SELECT address, code, enhanced, reply FROM recipient
  WHERE seq = ? AND n = ? AND ${mayHappen("condemn")}`;
const CONDEMN = `UPDATE recipient SET ${happens("condemn")} WHERE seq = ? AND n = ?`;

/** See Claims.suspicions. */
export function suspicions(db: Connection, relay: string): Suspicion[] {
  return db.all("SELECT * FROM suspicion WHERE relay = ?", relay).map(toSuspicion);
}

/** See Claims.noteSuspicion. */
export async function noteSuspicion(
  db: Connection,
  relay: string,
  key: string,
  change: (suspicion: Suspicion | null) => Suspicion | null,
): Promise<Suspicion | null> {
  return await db.write(() => {
    const row = db.get("SELECT * FROM suspicion WHERE relay = ? AND key = ?", relay, clean(key));
    const suspicion = change(row === undefined ? null : toSuspicion(row));
    if (suspicion === null) {
      db.run("DELETE FROM suspicion WHERE relay = ? AND key = ?", relay, clean(key));
    } else {
      db.run(
        `INSERT OR REPLACE INTO suspicion (relay, key, reply, since, suspects)
         VALUES (?, ?, ?, ?, ?)`,
        relay,
        clean(key),
        clean(suspicion.text),
        suspicion.since,
        JSON.stringify(suspicion.suspects),
      );
    }
    return suspicion;
  });
}

/** See Claims.condemnSuspects. */
export async function condemnSuspects(
  db: Connection,
  relay: string,
  now: number,
): Promise<number> {
  return await db.write(() => {
    let failed = 0;
    const counts = new Counts();
    for (const { key, suspects } of suspicions(db, relay)) {
      for (const suspect of suspects) {
        const codes = condemn(db, suspect, key, now);
        for (const code of codes) counts.add("recipients", [relay, "failed", classOf(code)]);
        if (codes.length > 0) failed++;
      }
    }
    addCounts(db, counts);
    db.run("DELETE FROM suspicion WHERE relay = ?", relay);
    return failed;
  });
}

/** Fails the recipients of a suspect whose last word is still that refusal: whoever was tried again
 *  since has another. Returns the code that each of them had. */
function condemn(
  db: Connection,
  { seq, recipients }: Suspect,
  key: string,
  now: number,
): (number | null)[] {
  const failed: (number | null)[] = [];
  let id: string | null = null;
  for (const n of recipients) {
    const row = db.get(OPEN_REPLY, seq, n);
    if (row === undefined) continue;
    const reply = {
      code: number(row.code),
      enhanced: text(row.enhanced),
      text: text(row.reply) ?? "",
    };
    if (refusalKey(reply) !== key) continue;
    if (db.run(CONDEMN, seq, n) === 0) continue;
    failed.push(reply.code);
    id ??= idOf(db, seq);
    tellFailed(db, id, row, { reason: "permanent", now });
  }
  if (failed.length > 0) refreshMessage(db, seq, now);
  return failed;
}

/** The id of the message in row `seq`. */
function idOf(db: Connection, seq: number): string {
  return String(db.get("SELECT id FROM message WHERE seq = ?", seq)?.id);
}
