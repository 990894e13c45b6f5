// What is told of a recipient: what an attempt meant for it, or what became of it without one. Called by
// whoever changes recipients, within the write that does.

import type { RecipientChange } from "../../queue/claim.ts";
import type { FinalReason } from "../../queue/state.ts";
import { number, text } from "./columns.ts";
import type { Teller } from "./teller.ts";

/** An attempt as events tell of it. */
interface ToldAttempt {
  readonly id: string;
  /** Its number in the message's history. */
  readonly attempt: number | null;
  readonly relay: string | null;
  readonly host: string | null;
  /** Where the message's lifetime counts from. */
  readonly lifeFrom: number;
}

const UNTRIED = { attempt: null, relay: null, host: null, code: null, enhanced: null } as const;

/** Tells what an attempt meant for a recipient. One that another relay is tried for at once is told of
 *  when that has answered. */
export function tellOutcome(
  db: Teller,
  { id, attempt, relay, host, lifeFrom }: ToldAttempt,
  change: Omit<RecipientChange, "n" | "failures" | "suppresses">,
  now: number,
): void {
  const { address, outcome, state, reason, nextAt, code, enhanced, reply } = change;
  const told = { id, address, attempt, relay, host, code, enhanced, reply };
  if (outcome === "uncertain") {
    const next_attempt_at = state === "deferred" ? nextAt : null;
    db.tell({ type: "recipient.uncertain", ...told, next_attempt_at }, now);
  }
  if (state === "sent") {
    const delay_ms = Math.max(0, now - lifeFrom);
    db.tell({ type: "recipient.sent", ...told, delay_ms }, now);
  } else if (state === "failed") {
    db.tell({ type: "recipient.failed", ...told, final_reason: reason ?? "permanent" }, now);
  } else if (state === "deferred" && outcome !== "uncertain") {
    db.tell({ type: "recipient.deferred", ...told, next_attempt_at: nextAt }, now);
  }
}

/** Tells that a recipient has to wait untried. */
export function tellPostponed(
  db: Teller,
  { id, address, until, reason }: {
    readonly id: string;
    readonly address: string;
    readonly until: number;
    readonly reason: string;
  },
  now: number,
): void {
  const told = { id, address, ...UNTRIED, reply: reason };
  db.tell({ type: "recipient.deferred", ...told, next_attempt_at: until }, now);
}

/** Tells that a recipient's row, as it is now, means a failure. */
export function tellFailed(
  db: Teller,
  id: string,
  row: Readonly<Record<string, unknown>>,
  { reason: final_reason, now }: { readonly reason: FinalReason; readonly now: number },
): void {
  const told = {
    id,
    address: String(row.address),
    ...UNTRIED,
    code: number(row.code),
    enhanced: text(row.enhanced),
    reply: text(row.reply),
  };
  db.tell({ type: "recipient.failed", ...told, final_reason }, now);
}
