// Hands one claimed message to one relay: reads its bytes, notes when they begin to go out, asks
// what the outcome means (`overrule.ts`, `judge.ts`), and makes the attempt's record.
// `deliver_claim.ts` calls it and does with the result what is to be done.

import { errorText } from "../../queue/errors.ts";
import type { AttemptRecord, Claim, RecipientChange } from "../../queue/claim.ts";
import { deriveResult, type OutcomeKind, type Reply } from "../../queue/outcome.ts";
import type { DeliveryOutcome, DeliveryReport, Transport } from "../../queue/ports/transport.ts";
import type { Reader } from "../../queue/ports/reader.ts";
import type { WorkerHandle } from "../../queue/ports/claims.ts";
import type { Judging, PassMachine } from "../options.ts";
import { afterSenderRefusal, type Pause } from "../../queue/policy/pause.ts";
import { refusalKey } from "../../queue/policy/refusal_words.ts";
import type { Suspicion } from "../../queue/policy/suspicion.ts";
import type { Outlet } from "../outlets/outlet.ts";
import type { Pauses } from "../outlets/pauses.ts";
import { isUnanswered, judgeAll, NO_OUTCOME } from "./judge.ts";
import {
  type Blame,
  isConnectionRefused,
  overrule,
  type RuledOutcome,
  withWhatIsKnown,
} from "./overrule.ts";
import { wholeContent } from "./whole_content.ts";

export interface HandOverTools {
  readonly store: Reader;
  readonly worker: WorkerHandle;
  readonly judging: Judging;
  readonly machine: Pick<PassMachine, "clock" | "random">;
  readonly pauses: Pauses;
  /** Told to stop: ends a hand-over before its bytes go out. */
  readonly signal: AbortSignal;
}

/** The relay that a claim is handed to. */
export interface Via {
  readonly transport: Transport;
  readonly relay: string;
  /** No other relay is there to try where this one is at fault. */
  readonly isLast: boolean;
  /** The reply (`refusalKey`) by which the relay refuses whatever comes; null while it does not. */
  readonly refusal: string | null;
  /** What the relay is suspected of, by `refusalKey`. */
  readonly suspicions: ReadonlyMap<string, Suspicion>;
  /** The relay has told this message so often to come later that it is meant itself. */
  readonly isToldOften: boolean;
  /** Knows the relay's other connections. */
  readonly connections: Pick<Outlet, "othersThan">;
}

/** Recipients that were refused with a reply nobody knows. */
export interface Unproven {
  /** See refusalKey. */
  readonly key: string;
  readonly text: string;
  readonly recipients: readonly number[];
  readonly addresses: readonly string[];
}

/** How handing one claim over ended. */
export interface HandedOver {
  /** What is to be recorded; recipients that were not reached before we were told to stop are
   *  not in it. Null where none was: nothing happened, and the claim may be given back. */
  readonly attempt: AttemptRecord | null;
  /** The relay is at fault, or refuses us whatever the mail is, and took nobody; null if not. */
  readonly relayFault: RuledOutcome | null;
  /** The relay answered: it is there. */
  readonly hasAnswered: boolean;
  /** The relay took at least one recipient. */
  readonly hasSent: boolean;
  /** The sender is to be paused, since the relay refuses the sender; null if not. */
  readonly senderPause: Pause | null;
  /** What other mail will tell; null where nothing is open. */
  readonly unproven: Unproven | null;
  /** It is to come again in this pass: its connection was one too many, or the relay has told some of
   *  its recipients to come later, which are left as `sending`; null if neither. */
  readonly throttled: Throttling | null;
  /** The transport is not to be used again: it broke its promise and threw, or the error handler
   *  wants another. */
  readonly isTransportBroken: boolean;
  /** Our own trouble (the start of the bytes could not be noted), no fault of the message. */
  readonly trouble: { readonly error: unknown } | null;
}

/** Why a message is to come again in the same pass. */
export interface Throttling {
  /** `connection`: others of this relay stand, so it was one too many. */
  readonly limit: "connection" | "message";
  /** What the relay said, for people. */
  readonly reply: string;
  /** It was said before any message. */
  readonly isInSetUp: boolean;
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
  const isRefused = !isStopped && isConnectionRefused(report.outcomes, judging.rules);
  if (isRefused && via.connections.othersThan(via.transport) > 0) return connectionTooMany(report);
  const overruled = await overrule(claim, report, {
    relay: via.relay,
    judging,
    isAsked: (outcome) => !isStopped || !isUnanswered(outcome),
  });
  const { wantsReconnect } = overruled;
  const pause = tools.pauses.of({ scope: "sender", value: claim.sender });
  const outcomes = overruled.outcomes.every(isSent)
    ? overruled.outcomes
    : overruled.outcomes.map((outcome) => withWhatIsKnown(outcome, claim, { ...via, pause }));
  const now = clock.now();
  const senderPause = pauseOfSender(claim, outcomes, { tools, now });
  const changes = judgeAll(claim, outcomes, {
    ...tools,
    now,
    isStopped,
    isLast: via.isLast,
    seesToNotices: report.seesToNotices ?? false,
    senderUntil: senderPause?.until ?? null,
  });
  const throttled = isStopped ? null : throttlingOf(outcomes, { isInSetUp: isRefused });
  // Before anything of the message was said there was no attempt.
  if (throttled?.isInSetUp) return { ...NOTHING_CAME, hasAnswered: true, throttled };
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
    ...(judging.isUncertainHeld && changes.some(isUncertain) ? { holds: true } : {}),
  };
  return {
    attempt,
    isTransportBroken: isTransportBroken || wantsReconnect,
    trouble,
    relayFault: isStopped ? null : relayFaultOf(outcomes),
    hasAnswered: outcomes.some(({ kind, code, blame }) =>
      kind === "sent" || (code !== null && ANSWERS.includes(blame))
    ),
    hasSent: outcomes.some(isSent),
    senderPause,
    unproven: unprovenOf(claim, outcomes),
    throttled,
  };
}

const NOTHING_CAME: HandedOver = {
  attempt: null,
  relayFault: null,
  hasAnswered: false,
  hasSent: false,
  senderPause: null,
  unproven: null,
  throttled: null,
  isTransportBroken: false,
  trouble: null,
};

function connectionTooMany({ outcomes, error }: DeliveryReport): HandedOver {
  const reply = error ?? outcomes[0]?.text ?? "";
  const throttled = { limit: "connection", reply, isInSetUp: true } as const;
  return { ...NOTHING_CAME, isTransportBroken: true, throttled };
}

function throttlingOf(
  outcomes: readonly RuledOutcome[],
  { isInSetUp }: Pick<Throttling, "isInSetUp">,
): Throttling | null {
  const first = outcomes.find(({ blame }) => blame === "throttling");
  return first === undefined ? null : { limit: "message", reply: replyText(first), isInSetUp };
}

/** A reply with its codes, in one line. */
export function replyText({ code, enhanced, text }: Reply): string {
  return [code, enhanced, text].filter((part) => part !== null).join(" ");
}

function isSent({ kind }: RuledOutcome): boolean {
  return kind === "sent";
}

/** Blames of a relay that is there and takes mail, this mail or other. */
const ANSWERS: readonly Blame[] = ["mail", "sender", "throttling", "slowed"];

/** The outcome that tells of the relay's own fault, where nobody was sent to. */
function relayFaultOf(outcomes: readonly RuledOutcome[]): RuledOutcome | null {
  if (outcomes.some(({ kind }) => kind === "sent" || kind === "uncertain")) return null;
  return outcomes.find(({ blame }) => blame === "quota") ??
    outcomes.find(({ blame }) => blame === "relay") ?? null;
}

function pauseOfSender(
  claim: Claim,
  outcomes: readonly RuledOutcome[],
  { tools, now }: { readonly tools: HandOverTools; readonly now: number },
): Pause | null {
  const refused = outcomes.find(({ blame }) => blame === "sender");
  if (refused === undefined) return null;
  const earlier = tools.pauses.of({ scope: "sender", value: claim.sender });
  // Others of the sender's mail were under way at the same time.
  if (earlier !== null && tools.pauses.isInForce(earlier)) return earlier;
  const { waitMs } = refused;
  return afterSenderRefusal(
    earlier,
    { sender: claim.sender, seq: claim.seq, reason: replyText(refused), waitMs },
    now,
  );
}

function unprovenOf(claim: Claim, outcomes: readonly RuledOutcome[]): Unproven | null {
  const first = outcomes.find(({ blame }) => blame === "unproven");
  if (first === undefined) return null;
  const key = refusalKey(first);
  const refused = claim.recipients.filter((_, i) => {
    const outcome = outcomes[i];
    return outcome?.blame === "unproven" && refusalKey(outcome) === key;
  });
  return {
    key,
    text: replyText(first),
    recipients: refused.map(({ n }) => n),
    addresses: refused.map(({ address }) => address.toLowerCase()),
  };
}

function isUncertain({ outcome, state }: RecipientChange): boolean {
  return outcome === "uncertain" && state === "deferred";
}

const SEVERITY: Readonly<Record<OutcomeKind, number>> = {
  failed: 3,
  uncertain: 2,
  deferred: 1,
  sent: 0,
};

/** The outcome that speaks for the whole attempt. */
function worstOf(outcomes: readonly RuledOutcome[]): RuledOutcome {
  return outcomes.reduce<RuledOutcome | null>(
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
