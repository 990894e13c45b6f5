// `mailq resume`: lets a paused queue, or a paused part of its mail, be sent again. That it is paused
// stands in the queue itself; passes look at it before each claim.

import { buildCommand } from "@stricli/core";
import { describePart, readPart } from "../../app/pause/part.ts";
import { printPausedParts } from "../print/pauses.ts";
import { plural } from "../../display/plural.ts";
import type { FlagsOf } from "../flags/builders.ts";
import { PART_FLAGS } from "../flags/part.ts";
import type { Context } from "../frame/context.ts";

export const command = buildCommand<FlagsOf<typeof PART_FLAGS>, [], Context>({
  async func(given) {
    const { output } = this;
    const settings = await this.settings("all");
    const store = await this.openQueue(settings, { create: true });
    // A relay that was taken out of the settings may be paused still.
    const { pauses } = await store.status();
    const paused = pauses.filter(({ scope }) => scope === "relay");
    const names = [...settings.relays.map(({ name }) => name), ...paused.map(({ value }) => value)];
    const part = readPart(given, [...new Set(names)]);
    if (part === null) {
      const changed = await store.resume();
      if (output.isJson) return output.json({ paused: false, changed });
      output.line(changed ? "Resumed" : "The queue was not paused");
      return printPausedParts(this, pauses);
    }
    const requeued = await store.resumePart(part);
    if (output.isJson) {
      return output.json({
        paused: false,
        changed: requeued !== null,
        ...part,
        requeued: requeued ?? 0,
      });
    }
    const what = describePart(part);
    if (requeued === null) {
      output.line(`${what.replace(/^t/, "T")} was not paused`);
      return printPausedParts(this, pauses);
    }
    output.line(
      `Resumed ${what}: ${requeued} ${plural(requeued, "message")} queued again`,
    );
  },
  parameters: { flags: PART_FLAGS },
  docs: {
    brief: "Start sending again",
    fullDescription: `Lets a paused queue send again, from the next pass on. With --relay, --sender,
--to-domain or --tag it ends the pause of that part, one that mailq set by itself too,
and queues what waited for it; a relay that is left alone may be tried at once.

  mailq resume && mailq send
  mailq resume --sender news@example.org`,
  },
});
