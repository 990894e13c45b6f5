// `mailq status`: counts messages by status and tells whether the queue moves: for people, scripts
// or a monitor. What trouble is, is print/nagios.ts's to judge.

import { buildCommand } from "@stricli/core";
import { sanitise } from "../../display/sanitise.ts";
import { errorText, MailqError } from "../../queue/errors.ts";
import { countDrops } from "../../store/drop/names.ts";
import { queueExists, queuePath } from "../../store/open.ts";
import { count, type FlagsOf, span, toggle } from "../flags/builders.ts";
import type { Context } from "../frame/context.ts";
import { statusShape } from "../print/json_shapes.ts";
import { judgeHealth, NAGIOS_STATUS } from "../print/nagios.ts";
import { printPlainStatus, printStatus } from "../print/status.ts";

const MINUTE_MS = 60_000;

const FLAGS = {
  plain: toggle("One line for scripts: queued/deferred/seconds the oldest waits"),
  nagios: toggle("One line and status 0/1/2/3 for a monitor"),
  warn: span({
    brief: "Warning if the oldest waits longer, or no round ended for so long [15m]",
    placeholder: "AGE",
  }),
  critical: span({ brief: "Critical if the oldest waits longer [1h]", placeholder: "AGE" }),
  queuedWarn: count("Warning if more are queued"),
  queuedCrit: count("Critical if more are queued"),
};
type Flags = FlagsOf<typeof FLAGS>;

export const command = buildCommand<Flags, [], Context>({
  async func(flags) {
    if (flags.nagios) return await printHealth(this, flags);
    const settings = await this.settings("all");
    const store = await this.openQueue(settings, { create: false });
    const status = await store.status();
    const { output } = this;
    const now = this.now();
    if (output.isJson) output.json(statusShape(status, now));
    else if (flags.plain) printPlainStatus(output, status, now);
    else {
      const dropped = countDrops(queuePath(settings.queue));
      printStatus(output, status, { now, queue: settings.queue, dropped });
      if (!queueExists(settings.queue)) {
        output.note("there is no such queue yet; `mailq enqueue` makes it");
      }
    }
  },
  parameters: { flags: FLAGS, aliases: { w: "warn", c: "critical" } },
  docs: {
    brief: "Count messages by status; tell whether the queue moves",
    fullDescription: `Counts messages by status and tells how long the oldest queued one waits.

  mailq status
  mailq status --plain                (queued/deferred/seconds)
  mailq status --nagios -w 15m -c 1h`,
  },
});

/** A monitor takes any trouble of ours for its status 3. */
async function printHealth(context: Context, flags: Flags): Promise<void> {
  const { output } = context;
  try {
    const settings = await context.settings("all");
    if (!queueExists(settings.queue)) {
      throw new MailqError("io_error", `there is no queue at ${settings.queue}`);
    }
    const store = await context.openQueue(settings, { create: false });
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
