// Records attempts: history, counts and each recipient's new state, in one commit for many. What an
// outcome means was decided by delivery (src/delivery/round/judge.ts).

import type { AttemptRecord, Claim } from "../../../queue/claim.ts";
import type { RecordResult } from "../../../queue/ports/claims.ts";
import { deriveStatus, TRANSITIONS } from "../../../queue/state.ts";
import { lastReply } from "../../sql/rows/attempt_texts.ts";
import { int, text } from "../../sql/columns.ts";
import type { Row } from "../../sql/row.ts";
import { happens, mayHappen, statusIs, word } from "../../sql/law.ts";
import { tellOutcome } from "../../sql/outcome_events.ts";
import { json, type Sql, type Write } from "../db/transaction.ts";
import { attemptRow, insertAttempts } from "./attempts.ts";
import { unmark } from "./marks.ts";
import { refreshMessages } from "./refresh_messages.ts";
import { HELD_AS_UNCERTAIN } from "../../sql/lost.ts";

const ALL_SENT = word(deriveStatus([TRANSITIONS.accept.to], false));
// The common end, without a look at the recipients: the claim had all of them and all were sent.
const COUNT_ALL_SENT = `UPDATE message SET tries = tries + 1, attempts = attempts + 1,
    last_reply = one.reply, lost = 0, status = ${ALL_SENT}, held = 0, n_open = 0, n_sent = n_total,
    next_at = NULL, sent_at = one.now, final_at = one.now, claim_token = NULL, claim_worker = NULL
  FROM jsonb_to_recordset(?::jsonb) AS one
    (of_seq bigint, token bigint, reply text, total integer, now bigint)
  WHERE seq = of_seq AND claim_token = token AND n_open = n_total AND n_total = total
  RETURNING seq, attempts`;
// Who comes back from an attempt has not died of it: what was lost before counts no more.
const COUNT = `UPDATE message SET tries = tries + 1, attempts = attempts + 1,
    last_reply = one.reply, lost = 0, held = CASE WHEN one.holds THEN 1 ELSE held END
  FROM jsonb_to_recordset(?::jsonb) AS one (of_seq bigint, token bigint, reply text, holds boolean)
  WHERE seq = of_seq AND claim_token = token RETURNING seq, attempts`;
const COUNT_LATE = `UPDATE message SET tries = tries + 1, attempts = attempts + 1,
    last_reply = one.reply
  FROM jsonb_to_recordset(?::jsonb) AS one (of_seq bigint, reply text)
  WHERE seq = of_seq RETURNING seq, attempts`;
const CHANGE = `UPDATE recipient SET state = one.state, reason = one.reason, tries = tries + 1,
    failures = one.failures, next_at = one.next_at, sent_at = one.sent_at, code = one.code,
    enhanced = one.enhanced, reply = one.reply
  FROM jsonb_to_recordset(?::jsonb) AS one (of_seq bigint, of_n integer, state text, reason text,
    failures integer, next_at bigint, sent_at bigint, code integer, enhanced text, reply text)
  WHERE seq = of_seq AND n = of_n AND recipient.${mayHappen("accept")} RETURNING seq, n`;
// A 250 that reached a worker without its claim: the mail is out, whatever was done since.
const LATE = `UPDATE recipient SET ${happens("accept_late")}, tries = tries + 1,
    sent_at = one.now, code = one.code, enhanced = one.enhanced, reply = one.reply
  FROM jsonb_to_recordset(?::jsonb) AS one (of_seq bigint, of_n integer, now bigint, code integer,
    enhanced text, reply text)
  WHERE seq = of_seq AND n = of_n
    AND recipient.${mayHappen("accept_late", [TRANSITIONS.accept_late.to])} RETURNING seq, n`;
const GIVE_BACK = `UPDATE recipient SET ${happens("give_back")}
  WHERE seq = ANY(?) AND ${mayHappen("give_back")}`;
const SUPPRESS = `INSERT INTO suppression (address, reason, created_at)
  SELECT address, reason, created_at FROM jsonb_to_recordset(?::jsonb) AS one
    (address text, reason text, created_at bigint) ON CONFLICT DO NOTHING RETURNING address, reason`;
const LOCK = "SELECT seq, held FROM message WHERE seq = ANY(?) ORDER BY seq FOR UPDATE";

interface RecordOptions {
  readonly now: number;
  /** Whether the bytes of what has become sent stay. */
  readonly keepsBodies: boolean;
}

/** See Claims.record; runs inside a write. */
export async function record(
  tx: Write,
  attempts: readonly AttemptRecord[],
  { now, keepsBodies }: RecordOptions,
): Promise<RecordResult> {
  const seqs = [...new Set(attempts.map(({ claim }) => claim.seq))];
  const locked = await tx.all(LOCK, seqs);
  const free = new Set(locked.filter(({ held }) => held === 0).map((row) => int(row.seq)));
  const lost: number[] = [];
  // Several attempts of one message come one after the other.
  for (let left = attempts; left.length > 0;) {
    const met = new Set<number>();
    const wave = left.filter(({ claim: { seq } }) => !met.has(seq) && met.add(seq));
    const inWave = new Set(wave);
    left = left.filter((attempt) => !inWave.has(attempt));
    lost.push(...await recordEach(tx, wave, free, now));
  }
  await unmark(tx, endedTokens(attempts));
  if (!keepsBodies) await dropSentBodies(tx, seqs);
  return { lost };
}

/** The tokens of claims that no further attempt follows. */
export function endedTokens(attempts: readonly AttemptRecord[]): number[] {
  return attempts.filter((one) => one.endsClaim).map(({ claim }) => claim.token);
}

/** Records attempts of different messages; resolves to the tokens of those that were lost. */
async function recordEach(
  tx: Write,
  attempts: readonly AttemptRecord[],
  /** Messages that are not held. */
  free: Set<number>,
  now: number,
): Promise<number[]> {
  const counted = await countHeld(tx, attempts, now);
  const isHeld = ({ claim }: AttemptRecord) => counted.numbers.has(claim.seq);
  const held = attempts.filter(isHeld);
  const late = attempts.filter((attempt) => !isHeld(attempt));
  const accepted = late.filter((one) => one.changes.some(({ outcome }) => outcome === "sent"));
  const lateNumbers = await countLate(tx, accepted);
  const numbers = new Map([...counted.numbers, ...lateNumbers]);
  await Promise.all([
    insertAttempts(
      tx,
      attempts.flatMap((attempt) => {
        const n = numbers.get(attempt.claim.seq);
        const { claim: { seq }, changes } = attempt;
        return n === undefined ? [] : [attemptRow(seq, n, { ...attempt, outcomes: changes })];
      }),
    ),
    applyChanges(tx, held, numbers, now),
    applyLate(tx, accepted, lateNumbers, now),
    suppressRefused(tx, held, now),
  ]);
  for (const { claim: { seq, id }, holds } of held) {
    if (holds !== true || counted.allSent.has(seq) || !free.delete(seq)) continue;
    tx.tell({ type: "message.held", id, reason: HELD_AS_UNCERTAIN }, now);
  }
  // Recipients that the claim did not get to keep their place in the queue.
  const unfinished = held.filter(({ endsClaim, changes, claim }) =>
    endsClaim && changes.length < claim.recipients.length
  );
  await giveBackSeqs(tx, unfinished.map(({ claim }) => claim.seq));
  const changed = [...numbers.keys()].filter((seq) => !counted.allSent.has(seq));
  await refreshMessages(tx, changed, now);
  return late.map(({ claim }) => claim.token);
}

/** Counts the attempts whose claims still hold: their numbers by the messages' seqs, and which of the
 *  messages are sent to all by that. */
async function countHeld(
  tx: Sql,
  attempts: readonly AttemptRecord[],
  now: number,
): Promise<{ readonly numbers: Map<number, number>; readonly allSent: ReadonlySet<number> }> {
  const row = (attempt: AttemptRecord) => ({
    of_seq: attempt.claim.seq,
    token: attempt.claim.token,
    reply: lastReply(attempt),
  });
  const sent = attempts.filter(({ changes }) => changes.every(({ state }) => state === "sent"));
  const allSent = sent.length === 0 ? [] : await tx.all(
    COUNT_ALL_SENT,
    json(sent.map((one) => ({ ...row(one), total: one.changes.length, now }))),
  );
  const numbers = new Map(allSent.map((row) => [int(row.seq), int(row.attempts)]));
  const seqs = new Set(numbers.keys());
  const others = attempts.filter(({ claim }) => !seqs.has(claim.seq));
  const rows = others.length === 0 ? [] : await tx.all(
    COUNT,
    json(others.map((one) => ({ ...row(one), holds: one.holds ?? false }))),
  );
  for (const row of rows) numbers.set(int(row.seq), int(row.attempts));
  return { numbers, allSent: seqs };
}

/** Of an attempt without its claim only acceptances count: other workers tell the rest. */
async function countLate(
  tx: Sql,
  accepted: readonly AttemptRecord[],
): Promise<Map<number, number>> {
  if (accepted.length === 0) return new Map();
  const rows = await tx.all(
    COUNT_LATE,
    json(accepted.map((one) => ({ of_seq: one.claim.seq, reply: lastReply(one) }))),
  );
  return new Map(rows.map((row) => [int(row.seq), int(row.attempts)]));
}

/** Rows of recipients, by message and place. */
function placesOf(rows: readonly Row[]): ReadonlySet<string> {
  return new Set(rows.map(({ seq, n }) => `${seq} ${n}`));
}

async function applyChanges(
  tx: Write,
  held: readonly AttemptRecord[],
  numbers: ReadonlyMap<number, number>,
  now: number,
): Promise<void> {
  const rows = held.flatMap(({ claim, changes }) =>
    changes.map((change) => ({
      of_seq: claim.seq,
      of_n: change.n,
      state: change.state,
      reason: change.reason,
      failures: change.failures,
      next_at: change.nextAt === null ? null : Math.round(change.nextAt),
      sent_at: change.state === "sent" ? now : null,
      code: change.code,
      enhanced: change.enhanced,
      reply: change.reply,
    }))
  );
  const changed = placesOf(rows.length === 0 ? [] : await tx.all(CHANGE, json(rows)));
  for (const attempt of held) {
    tx.counts.addAttempt(attempt, now);
    const told = toldOf(attempt, numbers);
    for (const change of attempt.changes) {
      if (changed.has(`${attempt.claim.seq} ${change.n}`)) tellOutcome(tx, told, change, now);
    }
  }
}

function toldOf(
  { claim: { seq, id, lifeFrom }, relay, host }: AttemptRecord,
  numbers: ReadonlyMap<number, number>,
) {
  return { id, attempt: numbers.get(seq) ?? null, relay, host, lifeFrom };
}

async function applyLate(
  tx: Write,
  accepted: readonly AttemptRecord[],
  numbers: ReadonlyMap<number, number>,
  now: number,
): Promise<void> {
  const late = accepted.filter(({ claim }) => numbers.has(claim.seq)).map((attempt) => ({
    ...attempt,
    changes: attempt.changes.filter(({ outcome }) => outcome === "sent"),
  }));
  const rows = late.flatMap(({ claim, changes }) =>
    changes.map(({ n, code, enhanced, reply }) => ({
      of_seq: claim.seq,
      of_n: n,
      now,
      code,
      enhanced,
      reply,
    }))
  );
  const changed = placesOf(rows.length === 0 ? [] : await tx.all(LATE, json(rows)));
  for (const attempt of late) {
    tx.counts.addAttempt(attempt, now);
    const told = toldOf(attempt, numbers);
    for (const change of attempt.changes) {
      if (!changed.has(`${attempt.claim.seq} ${change.n}`)) continue;
      tellOutcome(tx, told, { ...change, state: "sent" }, now);
    }
  }
}

async function suppressRefused(
  tx: Write,
  held: readonly AttemptRecord[],
  now: number,
): Promise<void> {
  const rows = held.flatMap(({ changes }) =>
    changes.filter((change) => change.suppresses).map(({ address, reply }) => ({
      address: address.toLowerCase(),
      reason: reply,
      created_at: now,
    }))
  );
  const added = rows.length === 0 ? [] : await tx.all(SUPPRESS, json(rows));
  for (const { address, reason } of added) {
    tx.tell({ type: "suppression.added", address: String(address), reason: text(reason) }, now);
  }
}

/** A message of which somebody may yet have to get the bytes keeps them. */
async function dropSentBodies(tx: Sql, seqs: readonly number[]): Promise<void> {
  const rows = await tx.all(
    `UPDATE message SET body_kept = 0
     WHERE seq = ANY(?) AND ${statusIs("sent")} AND body_kept = 1 RETURNING seq`,
    seqs,
  );
  if (rows.length === 0) return;
  await tx.run("DELETE FROM body WHERE seq = ANY(?)", rows.map((row) => int(row.seq)));
}

async function giveBackSeqs(tx: Sql, seqs: readonly number[]): Promise<void> {
  if (seqs.length > 0) await tx.run(GIVE_BACK, seqs);
}

/** The messages of those claims that still hold, locked; runs inside a write. */
export async function heldSeqs(tx: Sql, claims: readonly Claim[]): Promise<Set<number>> {
  const rows = await tx.all(
    `SELECT seq FROM message WHERE seq = ANY(?) AND claim_token = ANY(?) ORDER BY seq FOR UPDATE`,
    claims.map(({ seq }) => seq),
    claims.map(({ token }) => token),
  );
  return new Set(rows.map((row) => int(row.seq)));
}

/** See Claims.giveBack; runs inside a write. */
export async function giveBack(tx: Sql, claims: readonly Claim[], now: number): Promise<void> {
  const seqs = [...await heldSeqs(tx, claims)];
  await unmark(tx, claims.map(({ token }) => token));
  if (seqs.length === 0) return;
  // Untried, so the same worker may take it up again.
  await tx.run("UPDATE message SET last_worker = NULL WHERE seq = ANY(?)", seqs);
  await giveBackSeqs(tx, seqs);
  await refreshMessages(tx, seqs, now);
}
