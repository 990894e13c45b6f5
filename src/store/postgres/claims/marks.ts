// Marks claims as begun before their bytes go out, many in one commit, so that whoever takes over from
// a lost host knows what may have arrived. The store has one of these; workers ask it before each
// message, and what is recorded or given back is forgotten.

import type { Claim } from "../../../queue/claim.ts";
import { int } from "../../sql/columns.ts";
import type { Database } from "../db/connection.ts";
import type { Sql } from "../db/transaction.ts";

// A mark is given only as long as the claim holds, under a lock that whoever takes over waits for: so
// it is also the worker's proof that the message is still its own. With many messages a moment those
// that come next are marked ahead, or each would wait for the disk.
const MARK = `WITH held AS (
    SELECT claim_token FROM message WHERE seq = ANY(?) AND claim_token = ANY(?)
    ORDER BY seq FOR KEY SHARE
  ), marked AS (INSERT INTO begun SELECT claim_token FROM held ON CONFLICT DO NOTHING)
  SELECT claim_token FROM held`;

/** Marked ahead, at most. */
const AHEAD = 64;
/** A mark that is older proves nothing any more: half a lease. */
const PROOF_MS = 30_000;

interface Lent {
  readonly seq: number;
  /** When its mark was asked for, by the machine's steady clock; null = it has none. */
  markedAt: number | null;
}

/** Those who wait for one mark. */
type Asked = readonly PromiseWithResolvers<boolean>[];

export class Marks {
  /** In the order they will be begun in, more or less. */
  readonly #lent = new Map<number, Lent>();
  readonly #asked = new Map<number, Asked>();
  #marking: Promise<void> | null = null;
  /** How many have begun since the last mark was asked for. */
  #begun = 0;

  constructor(readonly db: Database, readonly now: () => number = () => performance.now()) {}

  lend(claims: readonly Claim[]): void {
    for (const { token, seq } of claims) this.#lent.set(token, { seq, markedAt: null });
  }

  forget(tokens: readonly number[]): void {
    for (const token of tokens) this.#lent.delete(token);
  }

  /** See WorkerHandle.mayBegin. */
  mayBegin(token: number): Promise<boolean> | null {
    const lent = this.#lent.get(token);
    if (lent === undefined) return Promise.resolve(false);
    this.#begun++;
    if (lent.markedAt !== null && this.now() - lent.markedAt < PROOF_MS) return null;
    const answer = Promise.withResolvers<boolean>();
    this.#asked.set(token, [...this.#asked.get(token) ?? [], answer]);
    this.#markSoon();
    return answer.promise;
  }

  #markSoon(): void {
    if (this.#marking !== null || this.#asked.size === 0) return;
    this.#marking = this.#mark().finally(() => {
      this.#marking = null;
      this.#markSoon();
    });
  }

  async #mark(): Promise<void> {
    const asked = new Map(this.#asked);
    this.#asked.clear();
    const tokens = [...asked.keys(), ...this.#next(asked)];
    this.#begun = 0;
    const at = this.now();
    try {
      const seqs = tokens.flatMap((token) => this.#lent.get(token)?.seq ?? []);
      const rows = await this.db.write((tx) => tx.all(MARK, seqs, tokens));
      const held = new Set(rows.map((row) => int(row.claim_token)));
      for (const token of tokens) {
        const lent = this.#lent.get(token);
        if (lent !== undefined && held.has(token)) lent.markedAt = at;
        for (const { resolve } of asked.get(token) ?? []) resolve(held.has(token));
      }
    } catch (error) {
      for (const waiting of asked.values()) for (const { reject } of waiting) reject(error);
    }
  }

  /** Those that come next, as many as have begun since the last time. */
  #next(asked: ReadonlyMap<number, unknown>): number[] {
    const next: number[] = [];
    const most = Math.min(AHEAD, this.#begun - asked.size);
    for (const [token, { markedAt }] of this.#lent) {
      if (next.length >= most) break;
      if (markedAt === null && !asked.has(token)) next.push(token);
    }
    return next;
  }
}

/** Removes the marks of claims that have ended; runs inside a write. */
export async function unmark(tx: Sql, tokens: readonly number[]): Promise<void> {
  if (tokens.length > 0) await tx.run("DELETE FROM begun WHERE token = ANY(?)", tokens);
}
