// Which recipients of a message a report tells of, and as what (RFC 3464 2.3.3): what the sender asked
// for (NOTIFY of RFC 3461) decides. Called by make_reports.ts. Pure.

import type { AttemptDetail, MessageDetail, RecipientDetail } from "../../queue/message.ts";
import type { DueReport } from "../../queue/ports/reports.ts";

export type Action = "failed" | "delayed" | "relayed" | "delivered";

/** A recipient that a report tells of. */
export interface Told {
  readonly recipient: RecipientDetail;
  readonly action: Action;
  /** The last attempt that had to do with it. */
  readonly attempt: AttemptDetail | null;
}

/** The recipients that the sender is told of; none where nothing is to be told, or not any more.
 *  `isLocal`: mail that the relay of this name has taken has arrived. */
export function toldOf(
  message: MessageDetail,
  kind: DueReport["kind"],
  isLocal: (relay: string | null) => boolean,
): Told[] {
  const isOpen = message.recipientsOpen > 0;
  if (isOpen !== (kind === "delay")) return [];
  return message.recipients.flatMap((recipient): Told[] => {
    const attempt = lastAttempt(message, recipient.address);
    const action = actionOf(recipient, kind, attempt, isLocal);
    return action === null ? [] : [{ recipient, action, attempt }];
  });
}

function actionOf(
  { address, state, dsn }: RecipientDetail,
  kind: DueReport["kind"],
  attempt: AttemptDetail | null,
  isLocal: (relay: string | null) => boolean,
): Action | null {
  const notify = dsn?.notify ?? [];
  const wants = (what: "failure" | "delay") => notify.length === 0 || notify.includes(what);
  if (kind === "delay") return state === "deferred" && wants("delay") ? "delayed" : null;
  if (state === "failed") return wants("failure") ? "failed" : null;
  if (state !== "sent" || attempt === null) return null;
  const owes = attempt.outcomes.some((one) => one.address === address && one.owesNotice);
  if (!owes) return null;
  return isLocal(attempt.relay) ? "delivered" : "relayed";
}

function lastAttempt({ attempts }: MessageDetail, address: string): AttemptDetail | null {
  return attempts.findLast(({ outcomes }) =>
    outcomes.some((outcome) => outcome.address === address)
  ) ?? null;
}
