// `mailq resume`: lets a paused queue send again. That the queue is paused stands in the queue
// itself; passes look at it before each claim.

import { buildCommand } from "@stricli/core";
import type { NoFlags } from "../flags/builders.ts";
import type { Context } from "../frame/context.ts";

export const command = buildCommand<NoFlags, [], Context>({
  async func() {
    const store = await this.queue({ create: true });
    const changed = await store.resume();
    if (this.output.isJson) return this.output.json({ paused: false, changed });
    this.output.line(changed ? "Resumed" : "The queue was not paused");
  },
  parameters: {},
  docs: {
    brief: "Start sending again",
    fullDescription: `Lets a paused queue send again, from the next pass on.

  mailq resume && mailq send`,
  },
});
