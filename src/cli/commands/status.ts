import { buildCommand } from "@stricli/core";
import { formatSpan } from "../../display/ages.ts";
import { sanitise } from "../../display/sanitise.ts";
import { formatTimestamp } from "../../display/timestamps.ts";
import { errorText, MailqError } from "../../queue/errors.ts";
import type { QueueStatus } from "../../queue/status.ts";
import type { Context } from "../frame/context.ts";
import { statusShape, waitingSeconds } from "../print/json_shapes.ts";
import { judgeHealth, NAGIOS_STATUS } from "../print/nagios.ts";
import { count, duration } from "../flags/parsers.ts";
import { queueExists } from "../frame/queue_path.ts";
import { countDrops } from "../../store/drop/names.ts";
import { queuePath } from "../../store/open.ts";
import { MESSAGE_STATUSES } from "../../queue/state.ts";

interface Flags {
  readonly plain?: boolean;
  readonly nagios?: boolean;
  readonly warn?: number;
  readonly critical?: number;
  readonly queuedWarn?: number;
  readonly queuedCrit?: number;
}

const MINUTE_MS = 60_000;

export const command = buildCommand<Flags, [], Context>({
  async func(flags) {
    if (flags.nagios) return await tellHealth(this, flags);
    const settings = await this.settings("all");
    const store = await this.store(settings, false);
    const status = await store.status();
    const now = this.now();
    if (this.output.isJson) this.output.json(statusShape(status, now));
    else if (flags.plain) this.output.line(plainLine(status, now));
    else {
      tell(this, settings.queue, status);
      tellDropped(this, settings.queue);
      if (!queueExists(settings.queue)) {
        this.output.note("there is no such queue yet; `mailq enqueue` makes it");
      }
    }
  },
  parameters: {
    flags: {
      plain: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "One line for scripts: queued/deferred/seconds the oldest waits",
      },
      nagios: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "One line and status 0/1/2/3 for a monitor",
      },
      warn: {
        kind: "parsed",
        parse: duration,
        optional: true,
        brief: "Warning if the oldest waits longer, or no round ended for so long [15m]",
        placeholder: "AGE",
      },
      critical: {
        kind: "parsed",
        parse: duration,
        optional: true,
        brief: "Critical if the oldest waits longer [1h]",
        placeholder: "AGE",
      },
      queuedWarn: {
        kind: "parsed",
        parse: count,
        optional: true,
        brief: "Warning if more are queued",
        placeholder: "N",
      },
      queuedCrit: {
        kind: "parsed",
        parse: count,
        optional: true,
        brief: "Critical if more are queued",
        placeholder: "N",
      },
    },
    aliases: { w: "warn", c: "critical" },
  },
  docs: {
    brief: "Count messages by status; tell whether the queue moves",
    fullDescription: `Counts messages by status and tells how long the oldest queued one waits.

  mailq status
  mailq status --plain                (queued/deferred/seconds)
  mailq status --nagios -w 15m -c 1h`,
  },
});

function plainLine(status: QueueStatus, now: number): string {
  return `${status.queued + status.sending}/${status.deferred}/${waitingSeconds(status, now)}`;
}

function tell(context: Context, queue: string, status: QueueStatus): void {
  const { output } = context;
  const now = context.now();
  output.line(`queue       ${queue}`);
  const [queued, ...others] = MESSAGE_STATUSES;
  const counts = [queued, "scheduled", ...others] as const;
  for (const name of counts) output.line(`${name.padEnd(11)} ${status[name]}`);
  if (status.oldestQueuedAt !== null) {
    output.line(`waiting     ${formatSpan(Math.max(0, now - status.oldestQueuedAt))} (the oldest)`);
  }
  output.line(
    `last round  ${status.lastRoundAt === null ? "never" : formatTimestamp(status.lastRoundAt)}`,
  );
  if (status.paused !== null) {
    output.line(`paused      since ${formatTimestamp(status.paused.since)}; \`mailq resume\``);
  }
  for (const relay of status.relays) {
    const since = relay.downSince === null ? "" : ` since ${formatTimestamp(relay.downSince)}`;
    const until = relay.openUntil !== null && relay.openUntil > now
      ? `, left alone until ${formatTimestamp(relay.openUntil)}`
      : "";
    output.line(
      `relay       ${relay.name} at fault${since}${until}: ${sanitise(relay.lastError ?? "")}`,
    );
  }
  for (const worker of status.workers) {
    output.line(
      `worker      ${worker.kind}, process ${worker.pid} on ${worker.host}, ` +
        `since ${formatTimestamp(worker.startedAt)}` + (worker.kind !== "run"
          ? ""
          : `, heartbeat ${formatSpan(Math.max(0, now - worker.heartbeatAt))} ago`),
    );
  }
}

/** Mail of others that is not in the queue yet. */
function tellDropped(context: Context, queue: string): void {
  const count = countDrops(queuePath(queue));
  if (count > 0) context.output.line(`dropped     ${count}, to be taken in by \`mailq send\``);
}

/** A monitor takes any trouble of ours for its status 3. */
async function tellHealth(context: Context, flags: Flags): Promise<void> {
  const { output } = context;
  try {
    const settings = await context.settings("all");
    if (!queueExists(settings.queue)) {
      throw new MailqError("io_error", `there is no queue at ${settings.queue}`);
    }
    const store = await context.store(settings, false);
    const health = judgeHealth(await store.status(), {
      now: context.now(),
      warnMs: flags.warn ?? 15 * MINUTE_MS,
      criticalMs: flags.critical ?? 60 * MINUTE_MS,
      queuedWarn: flags.queuedWarn ?? null,
      queuedCrit: flags.queuedCrit ?? null,
    });
    output.line(health.line);
    context.exitStatus = NAGIOS_STATUS[health.level];
  } catch (error) {
    // What follows a bar is data.
    output.line(`MAILQ UNKNOWN - ${sanitise(errorText(error)).replaceAll("|", "/")}`);
    context.exitStatus = NAGIOS_STATUS.unknown;
  }
}
