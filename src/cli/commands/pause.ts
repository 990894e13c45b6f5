// `mailq pause`: stops all sending from the queue, or of a part of its mail, until `mailq resume`. That
// it is paused stands in the queue itself; passes look at it before each claim.

import { buildCommand } from "@stricli/core";
import { describePart, pausePart, readPart, resumeCommand } from "../../app/pause/part.ts";
import { formatTimestamp } from "../../display/timestamps.ts";
import { MailqError } from "../../queue/errors.ts";
import { type FlagsOf, span, text } from "../flags/builders.ts";
import { PART_FLAGS } from "../flags/part.ts";
import type { Context } from "../frame/context.ts";
import { isoTime } from "../print/json_shapes.ts";

const FLAGS = {
  ...PART_FLAGS,
  for: span({ brief: "End the pause of a part by itself after so long" }),
  reason: text({ brief: "Why a part is paused, for those who look", placeholder: "TEXT" }),
};

export const command = buildCommand<FlagsOf<typeof FLAGS>, [], Context>({
  async func({ for: forMs = null, reason = null, ...given }) {
    const { output } = this;
    const settings = await this.settings("all");
    const part = readPart(given, settings.relays.map(({ name }) => name));
    if (part === null && (forMs !== null || reason !== null)) {
      throw new MailqError(
        "usage",
        "Cannot use --for or --reason alone: name a part by --relay, --sender, --to-domain or --tag",
      );
    }
    const store = await this.openQueue(settings, { create: true });
    if (part === null) {
      const changed = await store.pause();
      if (output.isJson) return output.json({ paused: true, changed });
      return output.line(
        changed ? "Paused: nothing is sent until `mailq resume`" : "The queue was paused already",
      );
    }
    const changed = await pausePart(this.app, store, part, { forMs, reason });
    const until = forMs === null ? null : this.now() + forMs;
    if (output.isJson) {
      return output.json({ paused: true, changed, ...part, reason, until: isoTime(until) });
    }
    output.line(
      `Paused: nothing of ${describePart(part)} is sent until ` +
        (until === null ? "" : `${formatTimestamp(until)} or `) + `\`${resumeCommand(part)}\``,
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

  mailq pause
  mailq pause --sender news@example.org --reason "wrong link in it"
  mailq pause --to-domain example.net --for 2h`,
  },
});
