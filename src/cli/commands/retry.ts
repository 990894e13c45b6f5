import { buildCommand } from "@stricli/core";
import { toFilter } from "../../app/select.ts";
import type { Context } from "../frame/context.ts";
import { readySearch } from "../../app/send/search_index.ts";
import { FILTER_FLAGS, type FilterFlags, IDS, plural, resolveIds } from "../../app/select.ts";

interface Flags extends FilterFlags {
  readonly due?: boolean;
}

export const command = buildCommand<Flags, string[], Context>({
  async func({ due, ...flags }, ...prefixes) {
    const settings = await this.settings("all");
    const store = await this.store(settings, false);
    await readySearch(this, store, flags.search);
    const filter = prefixes.length === 0
      ? toFilter(flags)
      : { ...toFilter(flags), ids: await resolveIds(store, prefixes) };
    const { requeued, exhausted } = await store.retry(filter, due ?? false);
    const limit = settings.retry.max;
    const { output } = this;
    if (output.isJson) return output.json({ requeued, exhausted, limit });
    // Under cron a line each minute would be a mail each minute.
    if (!output.isWatched) return;
    output.line(`Requeued ${requeued} ${plural(requeued, "message")}`);
    if (exhausted > 0) {
      output.line(
        `${exhausted} matching ${plural(exhausted, "message")} failed for want of retries ` +
          `(limit ${limit ?? "none"}); \`mailq resend\` queues ${
            exhausted === 1 ? "it" : "them"
          } again`,
      );
    }
  },
  parameters: {
    flags: {
      due: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Only what is due for its next try",
      },
      ...FILTER_FLAGS,
    },
    positional: IDS,
  },
  docs: {
    brief: "Move deferred mail back to queued",
    fullDescription: `Moves deferred mail back to queued: all of it, what is due, or what matches.
Without --due a relay that is left alone since it was down may be tried again at once.

  mailq retry
  mailq retry --due             (crontab, before \`mailq send\`)
  mailq retry --to @example.org`,
  },
});
