// Hands one claimed message to one relay: reads its bytes, notes when they begin to go out, asks
// what the outcome means (`overrule.ts`, `judge.ts`), and makes the attempt's record.
// `deliver_claim.ts` calls it and does with the result what is to be done.

import { errorText } from "../../queue/errors.ts";
import type { AttemptRecord, Claim, RecipientChange } from "../../queue/claim.ts";
import { deriveResult, type OutcomeKind } from "../../queue/outcome.ts";
import type { DeliveryOutcome, DeliveryReport, Transport } from "../../queue/ports/transport.ts";
import type { Reader } from "../../queue/ports/reader.ts";
import type { WorkerHandle } from "../../queue/ports/claims.ts";
import type { Judging, PassMachine } from "../options.ts";
import { judge } from "./judge.ts";
import { overrule, type RuledOutcome } from "./overrule.ts";
import { wholeContent } from "./whole_content.ts";

export interface HandOverTools {
  readonly store: Reader;
  readonly worker: WorkerHandle;
  readonly judging: Judging;
  readonly machine: Pick<PassMachine, "clock" | "random">;
  /** Told to stop: ends a hand-over before its bytes go out. */
  readonly signal: AbortSignal;
}

/** The relay that a claim is handed to. */
export interface Via {
  readonly transport: Transport;
  readonly relay: string;
  /** No other relay is there to try where this one is at fault. */
  readonly isLast: boolean;
}

/** How handing one claim over ended. */
export interface HandedOver {
  /** What is to be recorded; recipients that were not reached before we were told to stop are
   *  not in it. Null where none was: nothing happened, and the claim may be given back. */
  readonly attempt: AttemptRecord | null;
  /** The relay itself was at fault for every recipient. */
  readonly isRelayFault: boolean;
  /** The relay answered: it is there and takes mail, this one or another. */
  readonly isRelayProven: boolean;
  /** The transport is not to be used again: it broke its promise and threw, or the error handler
   *  wants another. */
  readonly isTransportBroken: boolean;
  /** Our own trouble (the start of the bytes could not be noted), no fault of the message. */
  readonly trouble: { readonly error: unknown } | null;
}

/** Hands one claimed message to a relay and judges what came of it. What a transport throws is
 *  an attempt that went wrong, with its traceback. */
export async function handOver(
  claim: Claim,
  via: Via,
  tools: HandOverTools,
): Promise<HandedOver> {
  const { machine: { clock }, judging, signal } = tools;
  const startedAt = clock.now();
  let hasBegun = false;
  let trouble: HandedOver["trouble"] = null;
  const onDataBegin = () => {
    try {
      tools.worker.noteDataBegun(claim.token);
    } catch (error) {
      trouble = { error };
      throw error;
    }
    hasBegun = true;
  };
  let report: DeliveryReport;
  let isTransportBroken = false;
  try {
    report = await via.transport.deliver({
      id: claim.id,
      sender: claim.sender,
      recipients: claim.recipients.map((recipient) => recipient.address),
      sizeBytes: claim.sizeBytes,
      dotLines: claim.dotLines,
      isEightBit: claim.isEightBit,
      content: claim.content?.length === claim.sizeBytes
        ? claim.content
        : () => wholeContent(tools.store, claim),
      ...(claim.dsn === undefined ? {} : {
        dsn: { ...claim.dsn, recipients: claim.recipients.map(({ dsn }) => dsn ?? null) },
      }),
    }, { onDataBegin, signal });
  } catch (error) {
    isTransportBroken = true;
    report = brokenReport(claim, error, hasBegun ? "uncertain" : "deferred");
  }
  const isStopped = signal.aborted || trouble !== null;
  const { outcomes, wantsReconnect } = await overrule(claim, report, {
    relay: via.relay,
    judging,
    isAsked: (outcome) => !isStopped || !isUnanswered(outcome),
  });
  const now = clock.now();
  const changes = judgeAll(claim, outcomes, { tools, now, isStopped, isLast: via.isLast });
  const isRelayFault = outcomes.length > 0 && outcomes.every((one) => one.isRelayFault);
  const worst = worstOf(outcomes);
  const attempt: AttemptRecord | null = changes.length === 0 ? null : {
    claim,
    startedAt,
    durationMs: Math.max(0, now - startedAt),
    relay: via.relay,
    host: report.host,
    tls: report.tls,
    result: deriveResult(changes.map((change) => change.outcome)),
    code: worst.code,
    enhanced: worst.enhanced,
    reply: worst.text,
    error: report.error,
    traceback: report.traceback,
    transcript: report.transcript,
    changes,
    endsClaim: true,
  };
  return {
    attempt,
    isTransportBroken: isTransportBroken || wantsReconnect,
    trouble,
    isRelayFault: isRelayFault && !isStopped,
    isRelayProven: !isRelayFault &&
      outcomes.some((one) => one.kind === "sent" || one.code !== null),
  };
}

/** What becomes of each recipient. Where we stopped the transport ourselves, recipients that it
 *  did not get an answer for are left out. */
function judgeAll(
  claim: Claim,
  outcomes: readonly RuledOutcome[],
  { tools, now, isStopped, isLast }: {
    readonly tools: HandOverTools;
    readonly now: number;
    readonly isStopped: boolean;
    readonly isLast: boolean;
  },
): RecipientChange[] {
  const { judging: { policy }, machine: { random } } = tools;
  const changes: RecipientChange[] = [];
  const isFault = outcomes.length > 0 && outcomes.every((one) => one.isRelayFault);
  for (const [i, recipient] of claim.recipients.entries()) {
    const outcome = outcomes[i] ?? NO_OUTCOME;
    if (isStopped && isUnanswered(outcome)) continue;
    const change = judge(recipient, outcome, {
      policy,
      lifeFrom: claim.lifeFrom,
      now,
      random: random.unit(),
    });
    const isForNext = isFault && !isLast && !isStopped;
    changes.push(isForNext ? { ...change, state: "sending", nextAt: null } : change);
  }
  return changes;
}

/** The transport got no answer for this recipient, so nothing has happened. */
function isUnanswered(outcome: DeliveryOutcome): boolean {
  return outcome.kind === "deferred" && outcome.code === null;
}

const NO_OUTCOME: RuledOutcome = {
  kind: "uncertain",
  code: null,
  enhanced: null,
  text: "the transport told nothing of this recipient",
  isRelayFault: false,
  suppresses: false,
};

const SEVERITY: Readonly<Record<OutcomeKind, number>> = {
  failed: 3,
  uncertain: 2,
  deferred: 1,
  sent: 0,
};

/** The outcome that speaks for the whole attempt. */
function worstOf(outcomes: readonly DeliveryOutcome[]): DeliveryOutcome {
  return outcomes.reduce<DeliveryOutcome | null>(
    (worst, one) => worst === null || SEVERITY[one.kind] > SEVERITY[worst.kind] ? one : worst,
    null,
  ) ?? NO_OUTCOME;
}

function brokenReport(
  claim: Claim,
  error: unknown,
  kind: "deferred" | "uncertain",
): DeliveryReport {
  const outcome: DeliveryOutcome = {
    kind,
    code: null,
    enhanced: null,
    text: errorText(error),
    isRelayFault: false,
  };
  return {
    outcomes: claim.recipients.map(() => outcome),
    host: null,
    tls: null,
    error: `Cannot hand the message over: ${errorText(error)}`,
    traceback: error instanceof Error ? error.stack ?? null : null,
    transcript: null,
  };
}
