// `mailq problems`: what waits or has failed, by its refusal. The gathering is src/app/problems', the
// words are print/problems.ts's.

import { buildCommand } from "@stricli/core";
import { problems } from "../../app/problems/groups.ts";
import { type FlagsOf, toggle } from "../flags/builders.ts";
import type { Context } from "../frame/context.ts";
import { printProblems } from "../print/problems.ts";

const FLAGS = { open: toggle("Only what still waits") };

export const command = buildCommand<FlagsOf<typeof FLAGS>, [], Context>({
  async func({ open = false }) {
    const store = await this.queue();
    const found = await problems(store, { openOnly: open });
    printProblems(this.output, found, this.now());
    if (found.length === 0 && !this.output.isJson) this.output.note("no problems");
  },
  parameters: { flags: FLAGS },
  docs: {
    brief: "What waits or has failed, by what the relay said, and what to do",
    fullDescription:
      `Gathers what waits or has failed by what was said of it: replies that differ only in
addresses, hosts, ids and numbers are one problem. Each has a number, made from the
reply's words so that it stays, which every command that takes filters understands.
It has five digits, and more where two problems would begin with the same.

  mailq problems
  mailq problems --open
  mailq list --problem 48213
  mailq retry --problem 48213`,
  },
});
