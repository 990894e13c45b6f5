// The command that does one thing to the messages that ids or a filter name: hold, release and
// cancel are made by it. What is done is the store's; what came of it is printed by
// print/actions.ts.

import { buildCommand } from "@stricli/core";
import { readySearch } from "../../app/send/search_index.ts";
import type { Filter } from "../../queue/filter.ts";
import type { ActionResult, Operator } from "../../queue/ports/operator.ts";
import type { Context } from "../frame/context.ts";
import { printAction } from "../print/actions.ts";
import { IDS, SELECTION_FLAGS, type SelectionFlags, selectionOf } from "./filter.ts";

interface AboutAction {
  readonly act: (store: Operator, filter: Filter) => Promise<ActionResult>;
  /** What was done, as the result says it: `Held`. */
  readonly done: string;
  readonly brief: string;
  readonly fullDescription: string;
}

export function actionCommand({ act, done, brief, fullDescription }: AboutAction) {
  return buildCommand<SelectionFlags, string[], Context>({
    async func(flags, ...ids) {
      const store = await this.queue();
      await readySearch(this.output, store, flags.search);
      printAction(this.output, await act(store, await selectionOf(store, ids, flags)), done);
    },
    parameters: { flags: SELECTION_FLAGS, positional: IDS },
    docs: { brief, fullDescription },
  });
}
