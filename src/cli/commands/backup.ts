// `mailq backup`: copies the queue into a file while it is in use. How a copy of a busy queue is
// whole is the store's.

import { buildCommand } from "@stricli/core";
import { megabytes, Progress } from "../../app/progress.ts";
import { plural } from "../../display/plural.ts";
import { formatTimestamp } from "../../display/timestamps.ts";
import { MailqError } from "../../queue/errors.ts";
import { queueExists } from "../../store/open.ts";
import { type FlagsOf, oneArgument, toggle } from "../flags/builders.ts";
import type { Context } from "../frame/context.ts";

const FLAGS = { force: toggle("Write over a file of that name") };

export const command = buildCommand<FlagsOf<typeof FLAGS>, [string], Context>({
  async func({ force = false }, path) {
    if (path === "-") {
      throw new MailqError("usage", `Cannot write a backup to "-": expected the name of a file`);
    }
    const settings = await this.settings("all");
    if (!queueExists(settings.queue)) {
      throw new MailqError(
        "input_unreadable",
        `Cannot back up the queue ${settings.queue}: there is none yet`,
      );
    }
    const signal = this.stopSignal();
    const store = await this.openQueue(settings, { create: false });
    using progress = new Progress(this.output, { what: "copying", format: megabytes });
    const options = { replaces: force, signal, onProgress: progress.note };
    const { sizeBytes, messages, madeAt, newestAt } = await store.backup(path, options)
      .catch((error) => {
        throw withHint(error);
      });
    if (this.output.isJson) {
      return this.output.json({
        path,
        size: sizeBytes,
        messages,
        made_at: new Date(madeAt).toISOString(),
        newest_at: newestAt === null ? null : new Date(newestAt).toISOString(),
      });
    }
    const newest = newestAt === null ? "" : `, the newest of ${formatTimestamp(newestAt)}`;
    this.output.line(
      `Wrote ${path}, as of ${formatTimestamp(madeAt)}: ${messages} ` +
        `${plural(messages, "message")}${newest}, ${sizeBytes} bytes`,
    );
  },
  parameters: {
    flags: FLAGS,
    positional: oneArgument({
      brief: "The copy; a file that is not there yet",
      placeholder: "FILE",
    }),
  },
  docs: {
    brief: "Copy the queue into a file while it is in use",
    fullDescription: `Writes a consistent copy of the queue, as it is at one moment, while others
go on queueing and sending. The copy is checked, on disk, and a queue of its own:
\`mailq --queue FILE list\` looks into it.

  mailq backup /var/backups/mailq-$(date +%F).db
  mailq backup --force /var/backups/mailq.db     (crontab)

To restore one stop all that sends and queues, then \`mailq restore FILE\`.`,
  },
});

function withHint(error: unknown): unknown {
  const isTaken = error instanceof MailqError && error.code === "cannot_create" &&
    error.message.endsWith("there is a file already");
  return isTaken
    ? new MailqError(error.code, `${error.message}; --force writes over it`, { cause: error })
    : error;
}
