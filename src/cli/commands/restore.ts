// `mailq restore`: puts a backup in the queue's place, and says what may go out twice. The work is
// src/app/restore's.

import { buildCommand } from "@stricli/core";
import { type GoneMessage, restore, type Restored } from "../../app/restore/restore.ts";
import { plural } from "../../display/plural.ts";
import { sanitise } from "../../display/sanitise.ts";
import { formatTimestamp } from "../../display/timestamps.ts";
import { type NoFlags, oneArgument } from "../flags/builders.ts";
import type { Context } from "../frame/context.ts";
import type { Output } from "../frame/output.ts";
import { messageShape } from "../print/json_shapes.ts";

export const command = buildCommand<NoFlags, [string], Context>({
  async func(_flags, file) {
    const settings = await this.settings("all");
    const restored = await restore(this.app, settings, file);
    const { output } = this;
    if (output.isJson) return output.json(shapeOf(restored, file));
    printRestored(output, restored, file);
  },
  parameters: {
    flags: {},
    positional: oneArgument({ brief: "What `mailq backup` wrote", placeholder: "FILE" }),
  },
  docs: {
    brief: "Put a backup in the queue's place, paused",
    fullDescription:
      `Copies a backup, looks all of it over, and puts it in the queue's place in one step. The
queue that was there is kept beside it, under a name that is told. All sending is paused.
Mail that waits in the backup and has gone since, by the queue that was there, is held
and listed: it would go out twice. Whatever sends or has the queue open is to be stopped
first; while something has, nothing is done (exit status 75).

  sudo systemctl stop mailq
  sudo mailq restore /var/backups/mailq-2026-11-22.db
  mailq list --status held           (mailq cancel ID, or mailq release ID)
  mailq resume`,
  },
});

function printRestored(output: Output, restored: Restored, file: string): void {
  const { queue, kept, madeAt, messages, open, isCompared, goneCount, samples } = restored;
  output.line(
    `Restored ${queue} from ${file}, made ${formatTimestamp(madeAt)}: ${messages} ` +
      `${plural(messages, "message")}, ${open} to be sent; all sending is paused`,
  );
  if (kept !== null) output.line(`The queue that was there is ${kept}`);
  if (!isCompared && open > 0) {
    output.line(
      `There was nothing to compare it with: any of the ${open} may have gone since then, ` +
        "queued or deferred; the first are:",
    );
  } else if (goneCount > 0) {
    output.line(
      `${goneCount} ${plural(goneCount, "message")} that wait in it have gone since, or came to ` +
        "their end; they are held:",
    );
  }
  for (const sample of samples) output.line(`  ${describe(sample, isCompared)}`);
  const more = (isCompared ? goneCount : open) - samples.length;
  if (more > 0) output.line(`  and ${more} more`);
  const steps = isCompared
    ? goneCount > 0 ? ["mailq list --status held", "mailq cancel ID…  (or mailq release ID…)"] : []
    : open > 0
    ? ["mailq list --status queued,deferred,held", "mailq cancel ID…"]
    : [];
  if (kept !== null && restored.later > 0) {
    output.line(
      `${restored.later} ${
        plural(restored.later, "message")
      } queued since, ${restored.laterOpen} ` +
        "of them to be sent, are in the queue that was there alone:",
    );
    const since = new Date(madeAt).toISOString();
    steps.push(
      `mailq --queue ${kept} export --since ${since} --status queued,deferred,held ` +
        "--maildir DIR --envelope && mailq enqueue --maildir DIR",
    );
  }
  for (const step of [...steps, "mailq resume"]) output.line(`→ ${step}`);
}

function describe({ message, since }: GoneMessage, isCompared: boolean): string {
  const { id, firstRecipient, recipientsTotal, subject } = message;
  const more = recipientsTotal > 1 ? ` +${recipientsTotal - 1}` : "";
  const state = since === null
    ? isCompared ? "no longer there" : message.status
    : since.sentAt === null
    ? since.status
    : `${since.status} ${formatTimestamp(since.sentAt)}`;
  return `${id}  ${state}  ${sanitise(`${firstRecipient}${more}  ${subject ?? ""}`)}`;
}

function shapeOf(restored: Restored, file: string): Record<string, unknown> {
  const { queue, kept, madeAt, messages, open, isCompared, goneCount, samples } = restored;
  return {
    queue,
    from: file,
    made_at: new Date(madeAt).toISOString(),
    kept,
    messages,
    open,
    compared: isCompared,
    gone: goneCount,
    samples: samples.map(({ message, since }) => ({
      message: messageShape(message),
      since: since === null ? null : messageShape(since),
    })),
    later: restored.later,
    later_open: restored.laterOpen,
  };
}
