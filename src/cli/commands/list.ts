// `mailq list`: lists messages that match a filter, a page at a time. What a message looks like in
// the table is print/message_table.ts's.

import { buildCommand } from "@stricli/core";
import { resolveId, selectMessages } from "../../app/select.ts";
import { readHindrances } from "../../app/status/hindrances.ts";
import { readySearch } from "../../app/send/search_index.ts";
import { plural } from "../../display/plural.ts";
import { SORTS } from "../../queue/filter.ts";
import { queueExists } from "../../store/open.ts";
import { count, type FlagsOf, manyArguments, oneOf, readText, text } from "../flags/builders.ts";
import { FILTER_FLAGS, toFilter } from "../flags/filter.ts";
import type { Context } from "../frame/context.ts";
import { printMessages } from "../print/message_table.ts";

const PAGE = 50;

const FLAGS = {
  ...FILTER_FLAGS,
  sort: oneOf(SORTS, { brief: "the order [newest]", placeholder: "ORDER" }),
  after: text({ brief: "Go on after this message", placeholder: "ID" }),
  limit: count(`At most so many, 0 = all [${PAGE}]`),
};

export const command = buildCommand<FlagsOf<typeof FLAGS>, string[], Context>({
  async func({ sort = "newest", after, limit = PAGE, ...given }, ...words) {
    const settings = await this.settings("all");
    const store = await this.openQueue(settings, { create: false });
    const { output } = this;
    // `list ann@example.org` is what everybody tries first.
    const search = [...given.search === undefined ? [] : [given.search], ...words].join(" ");
    const flags = { ...given, search: search === "" ? undefined : search };
    await readySearch(output, store, flags.search);
    const filter = await selectMessages(store, [], toFilter(flags));
    const messages = store.list(filter, {
      sort,
      after: after === undefined ? null : await resolveId(store, after),
      limit,
    });
    const now = this.now();
    const hindrances = await readHindrances(store, settings, now);
    const printed = await printMessages(output, messages, { now, isPaused: false, hindrances });
    if (output.isJson) return;
    if (printed === 0) {
      output.note(
        queueExists(settings.queue)
          ? "no messages"
          : `there is no queue at ${settings.queue} yet; \`mailq enqueue\` makes it`,
      );
    } else {
      const total = output.isWatched ? await store.count(filter) : null;
      const isPart = printed === limit && (total === null || total > printed);
      if (isPart) {
        const of = total === null ? `the first ${limit}` : `${printed} of ${total}`;
        output.note(`${of}; --limit 0 lists all, --after ID goes on`);
      } else if (total !== null) output.note(`${total} ${plural(total, "message")}`);
    }
  },
  parameters: {
    flags: FLAGS,
    positional: manyArguments({ brief: "Words, as of --search", placeholder: "WORD" }, readText),
  },
  docs: {
    brief: "List messages: status, tries, next try and why each waits",
    fullDescription: `Lists messages, the newest first: what became of each, how often it was tried,
when it will be tried next, and why it waits or failed.

  mailq list
  mailq list ann@example.org
  mailq list --status deferred,failed --to @example.org
  mailq list --error "mailbox full" --since 1d --limit 0 --json
  mailq list --search "invoice bob@acme"

An argument is a search, as --search: it finds messages with every word given in subject,
sender, recipients, From, To or Message-ID. A word is found by its beginning, in any
case, with or without accents, and \`bob@acme\` where bob stands just before acme. The
text of mails is not searched.`,
  },
});
