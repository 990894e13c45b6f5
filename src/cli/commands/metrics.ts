// `mailq metrics`: what a monitor is told of the queue, as OpenMetrics text, printed or written to a
// file. What there is to tell is src/app/metrics's; the service serves the same over HTTP.

import { buildCommand } from "@stricli/core";
import { metricsText } from "../../app/metrics/gather.ts";
import { cannotWrite } from "../../store/cannot_write.ts";
import { mend } from "../../system/handles.ts";
import { NewFile } from "../../system/new_file.ts";
import { type FlagsOf, text } from "../flags/builders.ts";
import type { Context } from "../frame/context.ts";
import { VERSION } from "../frame/version.ts";

const FLAGS = {
  output: text({ brief: "Write them to this file, whole or not at all", placeholder: "FILE" }),
};

export const command = buildCommand<FlagsOf<typeof FLAGS>, [], Context>({
  async func({ output }) {
    const settings = await this.settings("all");
    const store = await this.openQueue(settings, { create: false });
    const metrics = await metricsText(store, settings, {
      now: this.now(),
      version: VERSION,
      dialect: "openmetrics",
    });
    if (output === undefined) return this.output.text(metrics);
    using file = await NewFile.make(output, { replaces: true, toError: cannotWrite });
    await file.write(new TextEncoder().encode(metrics));
    // A collector is another user.
    const wanted = { uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0, mode: 0o644 };
    mend(file.temporary, Deno.lstatSync(file.temporary), wanted);
    await file.place();
  },
  parameters: { flags: FLAGS },
  docs: {
    brief: "Print what a monitor such as Prometheus wants to know",
    fullDescription:
      `Prints OpenMetrics text: messages by status, ages, relays, workers, sizes, and counters
that survive cron runs and purges. --output is for node_exporter's textfile collector;
\`mailq run\` serves the same by HTTP where listen.http is set. \`mailq init prometheus\`
and \`mailq init grafana\` print alert rules and a dashboard.

  mailq metrics
  * * * * *  mailq metrics --output /var/lib/prometheus/node-exporter/mailq.prom`,
  },
});
