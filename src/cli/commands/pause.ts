// `mailq pause`: stops all sending from the queue, or of a part of its mail, until `mailq resume`. That
// it is paused stands in the queue itself; passes look at it before each claim.

import { buildCommand } from "@stricli/core";
import { describePart, pausePart, readPart, resumeCommand } from "../../app/pause/part.ts";
import { formatTimestamp } from "../../display/timestamps.ts";
import { type FlagsOf, span, text } from "../flags/builders.ts";
import { PART_FLAGS } from "../flags/part.ts";
import type { Context } from "../frame/context.ts";
import { isoTime } from "../print/json_shapes.ts";

const FLAGS = {
  ...PART_FLAGS,
  for: span({ brief: "End the pause by itself after so long" }),
  reason: text({ brief: "Why it is paused, for those who look", placeholder: "TEXT" }),
};

export const command = buildCommand<FlagsOf<typeof FLAGS>, [], Context>({
  async func({ for: forMs = null, reason = null, ...given }) {
    const { output } = this;
    const settings = await this.settings("all");
    const part = readPart(given, settings.relays.map(({ name }) => name));
    const store = await this.openQueue(settings, { create: true });
    const until = forMs === null ? null : this.now() + forMs;
    const changed = part === null
      ? await store.pause({ until, reason })
      : await pausePart(this.app, store, part, { forMs, reason });
    if (output.isJson) {
      return output.json({ paused: true, changed, ...part, reason, until: isoTime(until) });
    }
    output.line(
      `Paused: nothing ${part === null ? "" : `of ${describePart(part)} `}is sent until ` +
        (until === null ? "" : `${formatTimestamp(until)} or `) +
        `\`${part === null ? "mailq resume" : resumeCommand(part)}\``,
    );
    if (!changed) output.note("it was paused already; the new pause stands in its place");
  },
  parameters: { flags: FLAGS },
  docs: {
    brief: "Stop all sending from this queue, or of a part of the mail",
    fullDescription:
      `Stops all sending from this queue: passes end after the messages they have in hand, and
none begins until \`mailq resume\`. Mail is still taken in. With --relay, --sender,
--to-domain or --tag only that part waits, all other mail goes on; \`mailq status\`
lists such pauses.

  mailq pause --for 30m --reason "the relay moves"
  mailq pause --sender news@example.org --reason "wrong link in it"
  mailq pause --to-domain example.net --for 2h`,
  },
});
