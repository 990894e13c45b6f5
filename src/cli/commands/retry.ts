// `mailq retry`: moves deferred mail back to queued. Which mail is due, and whose retries are used
// up, is the store's to say.

import { buildCommand } from "@stricli/core";
import { Progress } from "../../app/progress.ts";
import { APPLIES_TO, dryRun } from "../../app/act/dry_run.ts";
import { selectMessages } from "../../app/select.ts";
import { readySearch } from "../../app/send/search_index.ts";
import { plural } from "../../display/plural.ts";
import { type FlagsOf, toggle } from "../flags/builders.ts";
import { DRY_RUN, IDS, refuseIdsAndAll, SELECTION_FLAGS, toFilter } from "../flags/filter.ts";
import type { Context } from "../frame/context.ts";
import { printPausedParts } from "../print/pauses.ts";
import { printDryRun } from "../print/dry_run.ts";

const FLAGS = {
  due: toggle("Only what is due for its next try"),
  ...DRY_RUN,
  ...SELECTION_FLAGS,
};

export const command = buildCommand<FlagsOf<typeof FLAGS>, string[], Context>({
  async func({ due = false, dryRun: isDryRun = false, all = false, ...flags }, ...ids) {
    refuseIdsAndAll(ids, all);
    const settings = await this.settings("all");
    const store = await this.openQueue(settings, { create: false });
    await readySearch(this.output, store, flags.search);
    const filter = await selectMessages(store, ids, toFilter(flags));
    if (isDryRun) {
      const meant = due ? { ...filter, nextUntil: this.now() + 1 } : filter;
      const found = await dryRun(store, meant, APPLIES_TO.retry);
      return printDryRun(this.output, found, "retry");
    }
    using progress = new Progress(this.output, { what: "queueing again" });
    const options = { dueOnly: due, onProgress: progress.note };
    const { requeued, exhausted } = await store.retry(filter, options);
    const limit = settings.retry.max;
    const { output } = this;
    if (output.isJson) return output.json({ requeued, exhausted, limit });
    // Under cron a line each minute would be a mail each minute.
    if (!output.isWatched) return;
    output.line(`Requeued ${requeued} ${plural(requeued, "message")}`);
    // Their mail waits whatever is queued.
    printPausedParts(this, (await store.status()).pauses);
    if (exhausted > 0) {
      output.line(
        `${exhausted} matching ${plural(exhausted, "message")} failed for want of retries ` +
          `(limit ${limit ?? "none"}); \`mailq resend\` queues ${
            exhausted === 1 ? "it" : "them"
          } again`,
      );
    }
  },
  parameters: { flags: FLAGS, positional: IDS },
  docs: {
    brief: "Move deferred mail back to queued",
    fullDescription: `Moves deferred mail back to queued: all of it, what is due, or what matches.
Without --due a relay that is left alone since it was down may be tried again at once.

  mailq retry
  mailq retry --due             (crontab, before \`mailq send\`)
  mailq retry --to @example.org`,
  },
});
