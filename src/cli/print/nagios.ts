// Judges whether the queue moves, and puts it into the line and the exit status that monitors know
// (Nagios plugin API). Called by `status --nagios`, which does the printing.

import { describePart } from "../../app/pause/part.ts";
import { formatSpan } from "../../display/ages.ts";
import { sanitise } from "../../display/sanitise.ts";
import type { HealthFigures, LoginState, QueueStatus } from "../../queue/status.ts";
import { waitingSeconds } from "./status_shape.ts";

/** The exit statuses monitors know (Nagios plugin API). */
export const NAGIOS_STATUS = { ok: 0, warning: 1, critical: 2, unknown: 3 } as const;
type HealthLevel = keyof typeof NAGIOS_STATUS;

/** More than `warn` or `critical` of something alarms; null = never. */
interface CountLimits {
  readonly warn: number | null;
  readonly critical: number | null;
}

interface HealthLimits {
  readonly now: number;
  /** The age that warns: of the oldest message that waits, of the last finished round, of a relay's
   *  trouble. */
  readonly warnMs: number;
  readonly criticalMs: number;
  readonly queued: CountLimits;
  readonly deferred: CountLimits;
  /** Of messages that failed within a day. */
  readonly failed: CountLimits;
  /** The logins of relays as they stand. */
  readonly logins?: readonly LoginState[];
}

/** Judges whether the queue moves: mail that waits too long, deferred or not, too much of it, mail that
 *  failed within a day, deferred mail that nobody queues again, a pause of the queue or one that
 *  delivery has set, a relay that is down or refuses, a service whose heart stopped, or no finished
 *  round within the warning age. */
export function judgeHealth(
  status: QueueStatus,
  figures: HealthFigures,
  limits: HealthLimits,
): { readonly level: HealthLevel; readonly line: string } {
  const { now } = limits;
  const alarms = new Alarms(limits);
  const seconds = waitingSeconds(status, now);
  const queued = status.queued + status.sending;
  alarms.age(seconds * 1000, (span) => `the oldest message waits ${span}`);
  alarms.age(
    ageOf(status.oldestDueAt ?? null, now),
    (span) =>
      `deferred mail is overdue for ${span} (is \`mailq run\` or \`mailq retry --due\` running?)`,
  );
  const deferredMs = ageOf(figures.oldestDeferredFrom, now);
  alarms.age(deferredMs, (span) => `the oldest deferred message waits ${span}`);
  alarms.count(queued, limits.queued, `${queued} queued`);
  alarms.count(status.deferred, limits.deferred, `${status.deferred} deferred`);
  alarms.count(figures.failed, limits.failed, `${figures.failed} failed within a day`);
  if (status.paused !== null) {
    alarms.warn(`paused for ${formatSpan(ageOf(status.paused.since, now))}`);
  }
  for (const pause of status.pauses) {
    if (!pause.isAutomatic) alarms.tell(`${describePart(pause)} is paused`);
    else alarms.warn(`${describePart(pause)} is paused: ${pause.reason ?? "refused"}`);
  }
  if (status.lastRoundAt === null) alarms.warn("no pass has ever finished");
  else if (now - status.lastRoundAt >= limits.warnMs) {
    alarms.warn(`no pass finished for ${formatSpan(now - status.lastRoundAt)}`);
  }
  for (const relay of status.relays) {
    const { name, downSince, openUntil, refusal, lastError } = relay;
    // After a fault or two it is tried with each pass: what waits for it has an age of its own.
    if (openUntil === null || downSince === null) continue;
    const what = `the relay ${name} ${refusal === null ? "is down" : "refuses our mail"}`;
    alarms.age(
      ageOf(downSince, now),
      (span) => `${what} for ${span}: ${lastError ?? "unknown"}`,
      { isTold: true },
    );
  }
  for (const { relay, trouble } of limits.logins ?? []) {
    if (trouble === null) continue;
    alarms.warn(`the login of the relay ${relay}: ${trouble} (\`mailq login ${relay}\`)`);
  }
  for (const { kind, pid, heartbeatAt } of status.workers) {
    if (kind !== "run" || now - heartbeatAt < limits.warnMs) continue;
    alarms.warn(`the service (process ${pid}) has not moved for ${formatSpan(now - heartbeatAt)}`);
  }
  const counts = [`${queued} queued`, `${status.deferred} deferred`];
  // No fault of the queue, but what somebody may want to look at.
  for (const name of ["failed", "partial", "held"] as const) {
    if (status[name] > 0) counts.push(`${status[name]} ${name}`);
  }
  const { level } = alarms;
  // What a relay says is in it; what follows a bar is data.
  const why = sanitise([...alarms.texts, counts.join(", "), ...alarms.told].join("; "))
    .replaceAll("|", "/");
  const age = Math.max(seconds, Math.floor(deferredMs / 1000));
  const data = `queued=${queued} deferred=${status.deferred} failed=${status.failed} ` +
    `age=${age}s;${limits.warnMs / 1000};${limits.criticalMs / 1000}`;
  return { level, line: `MAILQ ${level.toUpperCase()} - ${why} | ${data}` };
}

/** Milliseconds since then; 0 for null, and for a time to come. */
function ageOf(at: number | null, now: number): number {
  return at === null ? 0 : Math.max(0, now - at);
}

/** Gathers what is wrong, and how bad it is. */
class Alarms {
  readonly #critical: string[] = [];
  readonly #warning: string[] = [];
  /** Worth a word, and no alarm. */
  readonly told: string[] = [];

  constructor(readonly limits: Pick<HealthLimits, "warnMs" | "criticalMs">) {}

  get level(): HealthLevel {
    return this.#critical.length > 0 ? "critical" : this.#warning.length > 0 ? "warning" : "ok";
  }

  /** The worst first. */
  get texts(): readonly string[] {
    return [...this.#critical, ...this.#warning];
  }

  warn(text: string): void {
    this.#warning.push(text);
  }

  tell(text: string): void {
    this.told.push(text);
  }

  /** Alarms by how long something lasts; `isTold` if it is worth a word before that, too. */
  age(
    ms: number,
    text: (span: string) => string,
    { isTold = false }: { readonly isTold?: boolean } = {},
  ): void {
    if (ms >= this.limits.criticalMs) this.#critical.push(text(formatSpan(ms)));
    else if (ms >= this.limits.warnMs) this.#warning.push(text(formatSpan(ms)));
    else if (isTold) this.told.push(text(formatSpan(ms)));
  }

  count(count: number, { warn, critical }: CountLimits, text: string): void {
    if (critical !== null && count > critical) this.#critical.push(text);
    else if (warn !== null && count > warn) this.#warning.push(text);
  }
}
