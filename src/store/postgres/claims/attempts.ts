// Adds attempts to messages' histories. Recording and taking over do that; read/show.ts reads the
// history again.

import type { AttemptRecord } from "../../../queue/claim.ts";
import { outcomesText, type StoredOutcome } from "../../sql/rows/attempt_texts.ts";
import { json, type Sql } from "../db/transaction.ts";

const INSERT = `INSERT INTO attempt
  (seq, n, started_at, duration_ms, relay, host, tls, result, code, enhanced, reply, error,
   traceback, transcript, outcomes)
  SELECT * FROM jsonb_to_recordset(?::jsonb) AS one
    (seq bigint, n integer, started_at bigint, duration_ms bigint, relay text, host text, tls text,
     result text, code integer, enhanced text, reply text, error text, traceback text,
     transcript text, outcomes text)`;

/** An attempt as it is stored: the outcomes, and what is known of the attempt as a whole. */
interface StoredAttempt extends Partial<Omit<AttemptRecord, "changes" | "claim">> {
  readonly startedAt: number;
  readonly durationMs: number;
  readonly result: AttemptRecord["result"];
  readonly outcomes: readonly StoredOutcome[];
}

/** The row of the attempt number `n` of a message. */
export function attemptRow(
  seq: number,
  n: number,
  attempt: StoredAttempt,
): Record<string, unknown> {
  return {
    seq,
    n,
    started_at: Math.round(attempt.startedAt),
    duration_ms: Math.round(attempt.durationMs),
    relay: attempt.relay ?? null,
    host: attempt.host ?? null,
    tls: attempt.tls ?? null,
    result: attempt.result,
    code: attempt.code ?? null,
    enhanced: attempt.enhanced ?? null,
    reply: attempt.reply ?? null,
    error: attempt.error ?? null,
    traceback: attempt.traceback ?? null,
    transcript: attempt.transcript ?? null,
    outcomes: outcomesText(attempt.outcomes),
  };
}

/** Inserts rows that `attemptRow` made; runs inside a write. */
export async function insertAttempts(
  tx: Sql,
  rows: readonly Record<string, unknown>[],
): Promise<void> {
  if (rows.length > 0) await tx.run(INSERT, json(rows));
}
