import { buildCommand } from "@stricli/core";
import type { ActionResult } from "../../queue/ports/operator.ts";
import type { Filter } from "../../queue/filter.ts";
import type { Store } from "../../queue/ports/store.ts";
import type { Context } from "../frame/context.ts";
import { readySearch } from "../../app/send/search_index.ts";
import {
  ALL_FLAG,
  FILTER_FLAGS,
  type FilterFlags,
  IDS,
  selectMessages,
  tellAction,
} from "../../app/select.ts";

interface Flags extends FilterFlags {
  readonly all?: boolean;
}

/** A command that does one thing to the messages that ids or a filter name. */
export function actionCommand(about: {
  readonly act: (store: Store, filter: Filter) => Promise<ActionResult>;
  /** What was done, as the result says it: `Held`. */
  readonly done: string;
  readonly brief: string;
  readonly fullDescription: string;
}) {
  return buildCommand<Flags, string[], Context>({
    async func(flags, ...prefixes) {
      const store = await this.queue();
      await readySearch(this, store, flags.search);
      const filter = await selectMessages(store, prefixes, flags);
      tellAction(this, await about.act(store, filter), about.done);
    },
    parameters: { flags: { ...ALL_FLAG, ...FILTER_FLAGS }, positional: IDS },
    docs: { brief: about.brief, fullDescription: about.fullDescription },
  });
}
