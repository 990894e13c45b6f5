// Records attempts: history, counts and each recipient's new state, in one commit for many. What an
// outcome means was decided by delivery (src/delivery/round/judge.ts).

import type { AttemptRecord, Claim, RecipientChange } from "../../../queue/claim.ts";
import type { RecordResult } from "../../../queue/ports/claims.ts";
import { deriveStatus, TRANSITIONS } from "../../../queue/state.ts";
import { insertAttempt } from "./attempt.ts";
import { int } from "../../sql/columns.ts";
import { Counts } from "../../../queue/counters.ts";
import { addCounts } from "../counters/add.ts";
import { clean, type Connection } from "../db/connection.ts";
import { lastReply } from "../../sql/rows/attempt_texts.ts";
import { happens, mayHappen, statusIs, word } from "../../sql/law.ts";
import { PARTS_PER_MESSAGE } from "../db/layout.ts";
import { tellOutcome } from "../../sql/outcome_events.ts";
import { refreshMessage } from "./refresh_message.ts";
import { suppressOne } from "../act/suppression.ts";
import { HELD_AS_UNCERTAIN } from "../../sql/lost.ts";

// Who comes back from an attempt has not died of it: what was lost before counts no more.
const COUNT =
  `UPDATE OR ROLLBACK message SET tries = tries + 1, attempts = attempts + 1, last_reply = ?,
    lost = 0 WHERE seq = ? AND claim_token = ? RETURNING attempts`;
const COUNT_LATE = `UPDATE OR ROLLBACK message SET tries = tries + 1, attempts = attempts + 1,
    last_reply = ? WHERE seq = ? RETURNING attempts`;
const ALL_SENT = word(deriveStatus([TRANSITIONS.accept.to], false));
// The common end, without a look at the recipients: the claim had all of them and all were sent.
const COUNT_ALL_SENT = `UPDATE OR ROLLBACK message SET tries = tries + 1, attempts = attempts + 1,
    last_reply = ?, lost = 0, status = ${ALL_SENT}, held = 0, n_open = 0, n_sent = n_total, next_at = NULL,
    sent_at = ?, final_at = ?, claim_token = NULL, claim_worker = NULL
  WHERE seq = ? AND claim_token = ? AND n_open = n_total AND n_total = ? RETURNING attempts`;
const CHANGE = `UPDATE recipient SET state = ?, reason = ?, tries = tries + 1, failures = ?,
    next_at = ?, sent_at = ?, code = ?, enhanced = ?, reply = ?
  WHERE seq = ? AND n = ? AND ${mayHappen("accept")}`;
// A 250 that reached a worker without its claim: the mail is out, whatever was done since.
const LATE = `UPDATE recipient SET ${happens("accept_late")}, tries = tries + 1,
    sent_at = ?, code = ?, enhanced = ?, reply = ?
  WHERE seq = ? AND n = ? AND ${mayHappen("accept_late", [TRANSITIONS.accept_late.to])}`;
const HOLD = `UPDATE OR ROLLBACK message SET held = 1 WHERE seq = ? AND held = 0`;
const GIVE_BACK = `UPDATE recipient SET ${happens("give_back")}
  WHERE seq = ? AND ${mayHappen("give_back")}`;

/** An attempt as far as it is recorded. */
export interface RecordableAttempt extends Omit<AttemptRecord, "claim"> {
  readonly claim: Pick<Claim, "seq" | "id" | "token" | "lifeFrom"> & {
    readonly recipients: { readonly length: number };
  };
}

interface RecordOptions {
  readonly now: number;
  /** Whether the bytes of what has become sent stay. */
  readonly keepsBodies: boolean;
  /** Called before each attempt. */
  readonly onEach?: () => void;
}

/** See Claims.record; runs inside a write. */
export function record(
  db: Connection,
  attempts: readonly RecordableAttempt[],
  { now, keepsBodies, onEach = () => {} }: RecordOptions,
): RecordResult {
  const lost: number[] = [];
  const counts = new Counts();
  for (const attempt of attempts) {
    onEach();
    if (recordHeld(db, attempt, now)) counts.addAttempt(attempt, now);
    else {
      lost.push(attempt.claim.token);
      const accepted = recordLate(db, attempt, now);
      if (accepted.length > 0) counts.addAttempt({ ...attempt, changes: accepted }, now);
    }
    if (!keepsBodies) dropBodyIfSent(db, attempt.claim.seq);
  }
  addCounts(db, counts);
  return { lost };
}

/** Records an attempt whose claim still holds; false, and nothing changed, if it was lost. */
function recordHeld(db: Connection, attempt: RecordableAttempt, now: number): boolean {
  const { claim, changes } = attempt;
  const reply = clean(lastReply(attempt));
  const allSent = changes.every((change) => change.state === "sent")
    ? db.get(COUNT_ALL_SENT, reply, now, now, claim.seq, claim.token, changes.length)
    : undefined;
  const counted = allSent ?? db.get(COUNT, reply, claim.seq, claim.token);
  if (counted === undefined) return false;
  const n = int(counted.attempts);
  insertAttempt(db, claim.seq, n, { ...attempt, outcomes: changes });
  const told = toldOf(attempt, n);
  for (const change of changes) applyChange(db, { seq: claim.seq, change, told, now });
  if (allSent !== undefined) return true;
  if (attempt.holds && db.run(HOLD, claim.seq) > 0) {
    db.tell({ type: "message.held", id: claim.id, reason: HELD_AS_UNCERTAIN }, now);
  }
  // Recipients that the claim did not get to keep their place in the queue.
  if (attempt.endsClaim && changes.length < claim.recipients.length) db.run(GIVE_BACK, claim.seq);
  refreshMessage(db, claim.seq, now);
  return true;
}

/** A message of which somebody may yet have to get the bytes keeps them. */
function dropBodyIfSent(db: Connection, seq: number): void {
  const isSent = db.run(
    `UPDATE OR ROLLBACK message SET body_kept = 0
     WHERE seq = ? AND ${statusIs("sent")} AND body_kept = 1`,
    seq,
  ) > 0;
  if (!isSent) return;
  db.run(
    "DELETE FROM body WHERE part >= ? AND part < ?",
    seq * PARTS_PER_MESSAGE,
    (seq + 1) * PARTS_PER_MESSAGE,
  );
}

/** Of an attempt without its claim only acceptances count: other workers tell the rest. Returns
 *  those that are recorded. */
function recordLate(db: Connection, attempt: RecordableAttempt, now: number): RecipientChange[] {
  const { seq } = attempt.claim;
  const accepted = attempt.changes.filter((change) => change.outcome === "sent");
  if (accepted.length === 0) return [];
  const counted = db.get(COUNT_LATE, clean(lastReply(attempt)), seq);
  if (counted === undefined) return [];
  insertAttempt(db, seq, int(counted.attempts), { ...attempt, outcomes: attempt.changes });
  const told = toldOf(attempt, int(counted.attempts));
  for (const change of accepted) {
    const { n, code, enhanced, reply } = change;
    const isNew = db.run(LATE, now, code, enhanced, clean(reply), seq, n) > 0;
    if (isNew) tellOutcome(db, told, { ...change, state: "sent" }, now);
  }
  refreshMessage(db, seq, now);
  return accepted;
}

function toldOf({ claim: { id, lifeFrom }, relay, host }: RecordableAttempt, attempt: number) {
  return { id, attempt, relay, host, lifeFrom };
}

function applyChange(
  db: Connection,
  { seq, change, told, now }: {
    readonly seq: number;
    readonly change: RecipientChange;
    readonly told: ReturnType<typeof toldOf>;
    readonly now: number;
  },
): void {
  const isNew = db.run(
    CHANGE,
    change.state,
    change.reason,
    change.failures,
    change.nextAt,
    change.state === "sent" ? now : null,
    change.code,
    change.enhanced,
    clean(change.reply),
    seq,
    change.n,
  ) > 0;
  if (isNew) tellOutcome(db, told, change, now);
  if (change.suppresses) {
    suppressOne(db, { address: change.address, reason: clean(change.reply), now });
  }
}

/** See Claims.giveBack; runs inside a write. */
export function giveBack(db: Connection, claims: readonly Claim[], now: number): void {
  for (const claim of claims) {
    // Untried, so the same worker may take it up again.
    const isHeld = db.run(
      "UPDATE OR ROLLBACK message SET last_worker = NULL WHERE seq = ? AND claim_token = ?",
      claim.seq,
      claim.token,
    ) > 0;
    if (!isHeld) continue;
    db.run(GIVE_BACK, claim.seq);
    refreshMessage(db, claim.seq, now);
  }
}
