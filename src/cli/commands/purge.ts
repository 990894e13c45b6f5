// `mailq purge`: deletes finished mail. It refuses to guess: without ids, a filter or --all nothing
// is deleted, and what is not delivered only with --undelivered.

import { buildCommand } from "@stricli/core";
import { Progress } from "../../app/progress.ts";
import { dryRun } from "../../app/act/dry_run.ts";
import { selectMessages } from "../../app/select.ts";
import { readySearch } from "../../app/send/search_index.ts";
import { plural } from "../../display/plural.ts";
import { MailqError } from "../../queue/errors.ts";
import type { MessageStatus } from "../../queue/state.ts";
import { isOnPostgres, queuePath } from "../../store/open.ts";
import { spendingReserve } from "../../store/reserve.ts";
import { type FlagsOf, parsed, span, toggle } from "../flags/builders.ts";
import {
  DRY_RUN,
  IDS,
  isAnyGiven,
  readStatuses,
  SELECTION_FLAGS,
  toFilter,
} from "../flags/filter.ts";
import type { Context } from "../frame/context.ts";
import { printDryRun } from "../print/dry_run.ts";

const FINAL = ["sent", "partial", "failed", "cancelled", "suppressed"] as const;
const OPEN: readonly MessageStatus[] = ["queued", "sending", "deferred", "held"];

const FLAGS = {
  olderThan: span({ brief: "Only what became final so long ago" }),
  undelivered: toggle("Open mail too: it is lost"),
  ...DRY_RUN,
  ...SELECTION_FLAGS,
  status: parsed<readonly MessageStatus[]>({
    brief: `Which: ${FINAL.join(" ")}, by comma, or all [sent]`,
    placeholder: "STATUS",
  }, (text) => text.trim() === "all" ? FINAL : readStatuses(text)),
};

export const command = buildCommand<FlagsOf<typeof FLAGS>, string[], Context>({
  async func(
    { status, olderThan, undelivered = false, all = false, dryRun: isDryRun = false, ...flags },
    ...prefixes
  ) {
    const open = status?.filter((one) => OPEN.includes(one)) ?? [];
    if (open.length > 0 && !undelivered) {
      throw new MailqError(
        "usage",
        `Cannot purge ${open.join(", ")} mail, which is not delivered: give --undelivered too`,
      );
    }
    if (prefixes.length === 0 && !all && !isAnyGiven({ status, olderThan, ...flags })) {
      throw new MailqError(
        "usage",
        "Cannot purge without being told what: give --older-than, --status or another filter, " +
          "ids, or --all",
      );
    }
    const settings = await this.settings("all");
    const spending = isOnPostgres(settings.queue)
      ? <T>(work: () => Promise<T>) => work()
      : <T>(work: () => Promise<T>) => spendingReserve(queuePath(settings.queue), work);
    const done = await spending(async () => {
      const store = await this.openQueue(settings, { create: false });
      await readySearch(this.output, store, flags.search);
      const filter = await selectMessages(store, prefixes, toFilter(flags));
      // Named messages go whatever their final state; otherwise sent mail alone.
      const final = filter.ids === undefined ? ["sent"] as const : FINAL;
      // Of --status all the open ones are asked for by --undelivered, too.
      const isOpenMeant = undelivered && (status === undefined || status === FINAL);
      const statuses = [...status ?? final, ...(isOpenMeant ? OPEN : [])];
      const finalBefore = olderThan === undefined ? null : this.now() - olderThan;
      if (isDryRun) {
        const old = finalBefore === null ? {} : { finalUntil: finalBefore };
        return await dryRun(store, { ...filter, ...old }, statuses);
      }
      using progress = new Progress(this.output, { what: "purging" });
      const options = { finalBefore, includeOpen: undelivered, onProgress: progress.note };
      const purged = await store.purge({ ...filter, statuses }, options);
      await store.purgeEvents(this.now() - settings.retention.eventsMs, Infinity);
      return { purged, named: filter.ids?.length ?? null };
    });
    if (!("purged" in done)) return printDryRun(this.output, done, "purge");
    const { purged, named } = done;
    if (this.output.isJson) return this.output.json({ purged });
    if (this.output.isWatched) this.output.line(`Purged ${purged} ${plural(purged, "message")}`);
    if (named !== null && purged < named) {
      this.output.note(
        `${named - purged} kept: open mail goes only with --undelivered, and none ` +
          "while it is being sent",
      );
    }
  },
  parameters: { flags: FLAGS, positional: IDS },
  docs: {
    brief: "Delete finished mail",
    fullDescription: `Deletes finished mail, sent mail unless --status says otherwise. What is not
delivered is never touched unless --undelivered asks for it.

  mailq purge --older-than 90d          (crontab)
  mailq purge --status failed --older-than 30d
  mailq purge --status all --older-than 1w`,
  },
});
