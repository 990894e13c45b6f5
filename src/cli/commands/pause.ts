// `mailq pause`: stops all sending from the queue until `mailq resume`. That the queue is paused
// stands in the queue itself; passes look at it before each claim.

import { buildCommand } from "@stricli/core";
import type { NoFlags } from "../flags/builders.ts";
import type { Context } from "../frame/context.ts";

export const command = buildCommand<NoFlags, [], Context>({
  async func() {
    const store = await this.queue({ create: true });
    const changed = await store.pause();
    if (this.output.isJson) return this.output.json({ paused: true, changed });
    this.output.line(
      changed ? "Paused: nothing is sent until `mailq resume`" : "The queue was paused already",
    );
  },
  parameters: {},
  docs: {
    brief: "Stop all sending from this queue",
    fullDescription:
      `Stops all sending from this queue: passes end after the messages they have in hand, and
none begins until \`mailq resume\`. Mail is still taken in.

  mailq pause`,
  },
});
