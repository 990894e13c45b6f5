// The command that does one thing to the messages that ids or a filter name: hold, release and
// cancel are made by it. What is done is the store's; what came of it is printed by
// print/actions.ts.

import { buildCommand } from "@stricli/core";
import { APPLIES_TO, dryRun } from "../../app/act/dry_run.ts";
import { readySearch } from "../../app/send/search_index.ts";
import type { Filter } from "../../queue/filter.ts";
import type { ActionResult, Operator } from "../../queue/ports/operator.ts";
import type { Context } from "../frame/context.ts";
import { printAction } from "../print/actions.ts";
import { printDryRun } from "../print/dry_run.ts";
import type { FlagsOf } from "./builders.ts";
import { DRY_RUN, IDS, SELECTION_FLAGS, selectionOf } from "./filter.ts";

const FLAGS = { ...DRY_RUN, ...SELECTION_FLAGS };

interface AboutAction {
  readonly act: (store: Operator, filter: Filter) => Promise<ActionResult>;
  /** What it is called: `hold`. */
  readonly name: "hold" | "release" | "cancel";
  /** What was done, as the result says it: `Held`. */
  readonly done: string;
  readonly brief: string;
  readonly fullDescription: string;
}

export function actionCommand({ act, name, done, brief, fullDescription }: AboutAction) {
  return buildCommand<FlagsOf<typeof FLAGS>, string[], Context>({
    async func({ dryRun: isDryRun = false, ...flags }, ...ids) {
      const store = await this.queue();
      await readySearch(this.output, store, flags.search);
      const filter = await selectionOf(store, ids, flags);
      if (isDryRun) {
        return printDryRun(this.output, await dryRun(store, filter, APPLIES_TO[name]), name);
      }
      printAction(this.output, await act(store, filter), done);
    },
    parameters: { flags: FLAGS, positional: IDS },
    docs: { brief, fullDescription },
  });
}
