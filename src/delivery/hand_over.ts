import { errorText } from "../queue/errors.ts";
import type { AttemptRecord, Claim } from "../queue/message.ts";
import { deriveResult, type OutcomeKind } from "../queue/outcome.ts";
import type {
  Clock,
  DeliveryOutcome,
  DeliveryReport,
  Random,
  Store,
  Transport,
  WorkerHandle,
} from "../queue/ports.ts";
import type { RetryPolicy } from "../queue/retry.ts";
import { judge } from "./judge.ts";

export interface HandOverTools {
  readonly store: Store;
  readonly worker: WorkerHandle;
  readonly clock: Clock;
  readonly random: Random;
  readonly policy: RetryPolicy;
  readonly relayName: string;
  readonly signal: AbortSignal;
}

/** How handing one claim over ended. */
export interface HandedOver {
  /** Null where we were told to stop before the bytes began to go out: nothing happened. */
  readonly attempt: AttemptRecord | null;
  /** The relay itself was at fault for every recipient. */
  readonly isRelayFault: boolean;
}

/** Hands one claimed message to a relay and judges what came of it. Never rejects: what a
 *  transport throws is an attempt that went wrong, with its traceback. */
export async function handOver(
  claim: Claim,
  transport: Transport,
  tools: HandOverTools,
): Promise<HandedOver> {
  const { clock, random, policy, signal } = tools;
  const startedAt = clock.now();
  let hasBegun = false;
  const onDataBegin = () => {
    tools.worker.noteDataBegun(claim.token);
    hasBegun = true;
  };
  let report: DeliveryReport;
  try {
    report = await transport.deliver({
      id: claim.id,
      sender: claim.sender,
      recipients: claim.recipients.map((recipient) => recipient.address),
      sizeBytes: claim.sizeBytes,
      dotLines: claim.dotLines,
      isEightBit: claim.isEightBit,
      content: claim.content?.length === claim.sizeBytes
        ? claim.content
        : () => wholeContent(tools.store, claim),
    }, { onDataBegin, signal });
  } catch (error) {
    report = brokenReport(claim, error, hasBegun ? "uncertain" : "deferred");
  }
  const isUntried = (outcome: DeliveryOutcome) =>
    outcome.kind === "deferred" && outcome.code === null;
  if (signal.aborted && !hasBegun && report.outcomes.every(isUntried)) {
    return { attempt: null, isRelayFault: false };
  }
  const now = clock.now();
  const changes = claim.recipients.map((recipient, i) =>
    judge(recipient, report.outcomes[i] ?? NO_OUTCOME, {
      policy,
      lifeFrom: claim.lifeFrom,
      now,
      random: random.unit(),
    })
  );
  const worst = worstOf(report.outcomes);
  return {
    attempt: {
      claim,
      startedAt,
      durationMs: Math.max(0, now - startedAt),
      relay: tools.relayName,
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
    },
    isRelayFault: report.outcomes.length > 0 &&
      report.outcomes.every((outcome) => outcome.isRelayFault),
  };
}

const NO_OUTCOME: DeliveryOutcome = {
  kind: "uncertain",
  code: null,
  enhanced: null,
  text: "the transport told nothing of this recipient",
  isRelayFault: false,
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

/** The bytes of a message; rejects before the end if the store has not all of them, so that no
 *  part of a message ever passes for the whole. */
async function* wholeContent(store: Store, claim: Claim): AsyncIterable<Uint8Array> {
  let left = claim.sizeBytes;
  let last: Uint8Array | null = null;
  for await (const piece of store.content(claim.seq)) {
    if (last !== null) yield last;
    last = piece;
    left -= piece.length;
  }
  if (left !== 0) {
    throw new Error(
      `the stored message is damaged: ${claim.sizeBytes - left} of ${claim.sizeBytes} bytes found`,
    );
  }
  if (last !== null) yield last;
}
