// `mailq status`: counts messages by status and tells whether the queue moves: for people, scripts
// or a monitor. What trouble is, is print/nagios.ts's to judge.

import { buildCommand } from "@stricli/core";
import type { HookLag } from "../../app/hooks/state.ts";
import { type Grouping, GROUPINGS } from "../../app/problems/groupings.ts";
import { countWaiting } from "../../app/status/waiting.ts";
import { sanitise } from "../../display/sanitise.ts";
import type { Settings } from "../../config/settings.ts";
import { errorText, MailqError } from "../../queue/errors.ts";
import type { LoginState } from "../../queue/status.ts";
import type { Store } from "../../queue/ports/store.ts";
import { countDrops } from "../../store/drop/names.ts";
import { isOnPostgres, queueExists, queuePath } from "../../store/open.ts";
import { count, type FlagsOf, oneOf, span, toggle } from "../flags/builders.ts";
import type { Context } from "../frame/context.ts";
import { statusShape } from "../print/status_shape.ts";
import { judgeHealth, NAGIOS_STATUS } from "../print/nagios.ts";
import { printPlainStatus, printStatus } from "../print/status.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

const FLAGS = {
  by: oneOf(GROUPINGS, {
    brief: "What is not sent, by what it has in common",
    placeholder: "WHAT",
  }),
  plain: toggle("One line for scripts: queued/deferred/seconds the oldest waits"),
  nagios: toggle("One line and status 0/1/2/3 for a monitor"),
  warn: span({
    brief:
      "Warning if the oldest waits longer, a relay is down or no round ended for so long [15m]",
    placeholder: "AGE",
  }),
  critical: span({
    brief: "Critical if the oldest waits longer or a relay is down for so long [1h]",
    placeholder: "AGE",
  }),
  queuedWarn: count("Warning if more are queued"),
  queuedCrit: count("Critical if more are queued"),
  deferredWarn: count("Warning if more are deferred"),
  deferredCrit: count("Critical if more are deferred"),
  failedWarn: count("Warning if more failed within a day [0]"),
  failedCrit: count("Critical if more failed within a day"),
};
type Flags = FlagsOf<typeof FLAGS>;

export const command = buildCommand<Flags, [], Context>({
  async func(flags) {
    if (flags.nagios) return await printHealth(this, flags);
    const settings = await this.settings("all");
    const store = await this.openQueue(settings, { create: false });
    const { output } = this;
    const now = this.now();
    if (flags.by !== undefined) return await printUnsentBy(this, settings, store, flags.by);
    const status = await store.status();
    if (!output.isJson && flags.plain) return printPlainStatus(output, status, now);
    const relayCount = settings.relays.length;
    const waiting = await countWaiting(store, status, { relayCount });
    const logins = await loginsOf(settings, now);
    const hooks = await lagsOf(settings, store);
    if (output.isJson) output.json(statusShape(status, now, waiting, { logins, hooks }));
    else {
      const dropped = isOnPostgres(settings.queue) ? 0 : countDrops(queuePath(settings.queue));
      printStatus(output, status, { now, queue: settings.queue, dropped, waiting, logins, hooks });
      if (!queueExists(settings.queue)) {
        output.note("there is no such queue yet; `mailq enqueue` makes it");
      }
    }
  },
  parameters: { flags: FLAGS, aliases: { w: "warn", c: "critical" } },
  docs: {
    brief: "Count messages by status; tell whether the queue moves",
    fullDescription:
      `Counts messages by status and tells how long the oldest queued one waits; which relay
is down or refuses, since when, how many wait for it and what to do; what is paused.

  mailq status
  mailq status --by domain            (what is not sent, and why: --by problem)
  mailq status --plain                (queued/deferred/seconds)
  mailq status --nagios -w 15m -c 1h

--nagios alarms by the age of the oldest message, queued or deferred, by how long a
relay is down or refuses, of mail that failed within a day, of a pause, and when no
round ends, or when a relay's login ends within 14 days.`,
  },
});

/** How far the hooks are, where there are any. */
async function lagsOf({ hooks }: Settings, store: Store): Promise<HookLag[]> {
  if (hooks.length === 0) return [];
  const { hookLags }: typeof import("../../app/hooks/state.ts") = await import(
    import.meta.resolve("../../app/hooks/state.ts")
  );
  return await hookLags(store, hooks);
}

/** What is not sent, by what it has in common: problems, or counts of a table. */
async function printUnsentBy(
  { output, machine }: Context,
  { routes }: Settings,
  store: Store,
  grouping: Grouping,
): Promise<void> {
  const now = machine.clock.now();
  const { problems, unsentBy }: typeof import("../../app/problems/groups.ts") = await import(
    import.meta.resolve("../../app/problems/groups.ts")
  );
  const { printGroups, printProblems }: typeof import("../print/problems.ts") = await import(
    import.meta.resolve("../print/problems.ts")
  );
  if (grouping === "problem") {
    return printProblems(output, await problems(store, { openOnly: false }), now);
  }
  await printGroups(output, await unsentBy(store, grouping, routes), { title: grouping, now });
}

/** The logins of relays; most have none, and pay for none. */
async function loginsOf(settings: Settings, now: number): Promise<readonly LoginState[]> {
  if (!settings.relays.some(({ password }) => password?.kind === "oauth")) return [];
  const { loginStates }: typeof import("../../app/login/logins.ts") = await import(
    import.meta.resolve("../../app/login/logins.ts")
  );
  return loginStates(settings, now);
}

/** A monitor takes any trouble of ours for its status 3. */
async function printHealth(context: Context, flags: Flags): Promise<void> {
  const { output } = context;
  try {
    const settings = await context.settings("all");
    if (!queueExists(settings.queue)) {
      throw new MailqError("io_error", `there is no queue at ${settings.queue}`);
    }
    const store = await context.openQueue(settings, { create: false });
    const now = context.now();
    const figures = await store.healthFigures(now - DAY_MS);
    const health = judgeHealth(await store.status(), figures, {
      now,
      warnMs: flags.warn ?? 15 * MINUTE_MS,
      criticalMs: flags.critical ?? 60 * MINUTE_MS,
      queued: { warn: flags.queuedWarn ?? null, critical: flags.queuedCrit ?? null },
      deferred: { warn: flags.deferredWarn ?? null, critical: flags.deferredCrit ?? null },
      failed: { warn: flags.failedWarn ?? 0, critical: flags.failedCrit ?? null },
      logins: await loginsOf(settings, now),
    });
    output.line(health.line);
    context.exitStatus = NAGIOS_STATUS[health.level];
  } catch (error) {
    // What follows a bar is data.
    output.line(`MAILQ UNKNOWN - ${sanitise(errorText(error)).replaceAll("|", "/")}`);
    context.exitStatus = NAGIOS_STATUS.unknown;
  }
}
