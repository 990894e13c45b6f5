// Adds an attempt to a message's history. Recording and taking over do that; read/show.ts reads the
// history again.

import type { AttemptRecord } from "../../../queue/claim.ts";
import { outcomesText, type StoredOutcome } from "../../sql/rows/attempt_texts.ts";
import { clean, type Connection } from "../db/connection.ts";

const INSERT = `INSERT INTO attempt
  (seq, n, started_at, duration_ms, relay, host, tls, result, code, enhanced, reply, error,
   traceback, transcript, outcomes)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** An attempt as it is stored: the outcomes, and what is known of the attempt as a whole. */
interface StoredAttempt extends Partial<Omit<AttemptRecord, "changes" | "claim">> {
  readonly startedAt: number;
  readonly durationMs: number;
  readonly result: AttemptRecord["result"];
  readonly outcomes: readonly StoredOutcome[];
}

/** Adds the attempt number `n` to the history of a message; runs inside a write. */
export function insertAttempt(
  db: Connection,
  seq: number,
  n: number,
  attempt: StoredAttempt,
): void {
  db.run(
    INSERT,
    seq,
    n,
    attempt.startedAt,
    attempt.durationMs,
    attempt.relay ?? null,
    attempt.host ?? null,
    attempt.tls ?? null,
    attempt.result,
    attempt.code ?? null,
    attempt.enhanced ?? null,
    clean(attempt.reply ?? null),
    clean(attempt.error ?? null),
    clean(attempt.traceback ?? null),
    clean(attempt.transcript ?? null),
    outcomesText(attempt.outcomes),
  );
}
