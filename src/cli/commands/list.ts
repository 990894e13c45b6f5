import { buildCommand } from "@stricli/core";
import { MailqError } from "../../queue/errors.ts";
import { type Sort, SORTS } from "../../queue/filter.ts";
import type { Context } from "../frame/context.ts";
import { tellMessages } from "../print/message_table.ts";
import { count, word } from "../flags/parsers.ts";
import { queueExists } from "../frame/queue_path.ts";
import { readySearch } from "../../app/send/search_index.ts";
import { FILTER_FLAGS, type FilterFlags, resolveId, toFilter } from "../../app/select.ts";

interface Flags extends FilterFlags {
  readonly sort?: Sort;
  readonly after?: string;
  readonly limit?: number;
}

const PAGE = 50;

export const command = buildCommand<Flags, [], Context>({
  async func({ sort, after, limit, ...flags }) {
    const settings = await this.settings("all");
    const store = await this.store(settings, false);
    const shown = limit ?? PAGE;
    await readySearch(this, store, flags.search);
    const options = {
      sort: sort ?? "newest",
      after: after === undefined ? null : await resolveId(store, after),
      limit: shown,
    } as const;
    const { paused } = await store.status();
    const messages = store.list(toFilter(flags), options);
    const told = await tellMessages(this, messages, paused !== null);
    if (this.output.isJson) return;
    if (told === 0) {
      this.output.note(
        queueExists(settings.queue)
          ? "no messages"
          : `there is no queue at ${settings.queue} yet; \`mailq enqueue\` makes it`,
      );
    } else if (told === shown) {
      this.output.note(`the first ${shown}; --limit 0 lists all, --after ID goes on`);
    }
  },
  parameters: {
    flags: {
      ...FILTER_FLAGS,
      sort: {
        kind: "parsed",
        parse: sortOf,
        optional: true,
        brief: `One of ${SORTS.join(" ")} [newest]`,
        placeholder: "ORDER",
      },
      after: {
        kind: "parsed",
        parse: word,
        optional: true,
        brief: "Go on after this message",
        placeholder: "ID",
      },
      limit: {
        kind: "parsed",
        parse: count,
        optional: true,
        brief: `At most so many, 0 = all [${PAGE}]`,
        placeholder: "N",
      },
    },
  },
  docs: {
    brief: "List messages: status, tries, next try and why each waits",
    fullDescription: `Lists messages, the newest first: what became of each, how often it was tried,
when it will be tried next, and why it waits or failed.

  mailq list
  mailq list --status deferred,failed --to @example.org
  mailq list --error "mailbox full" --since 1d --limit 0 --json
  mailq list --search "invoice bob@acme"

--search finds messages with every word given in subject, sender, recipients, From, To or
Message-ID: a word is found by its beginning, in any case, with or without accents, and
\`bob@acme\` where bob stands just before acme. The text of mails is not searched.`,
  },
});

function sortOf(text: string): Sort {
  const known = SORTS.find((sort) => sort === text);
  if (known !== undefined) return known;
  throw new MailqError("usage", `Cannot sort by "${text}": expected one of ${SORTS.join(", ")}`);
}
