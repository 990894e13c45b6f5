import { buildCommand } from "@stricli/core";
import type { Context } from "../context.ts";
import {
  ALL_FLAG,
  FILTER_FLAGS,
  type FilterFlags,
  IDS,
  selectMessages,
  tellAction,
} from "../selection.ts";

interface Flags extends FilterFlags {
  readonly all?: boolean;
  readonly unsent?: boolean;
}

export const command = buildCommand<Flags, string[], Context>({
  async func({ unsent, ...flags }, ...prefixes) {
    const store = await this.queue();
    const filter = await selectMessages(store, prefixes, flags);
    tellAction(this, await store.resend(filter, unsent ?? false), "Queued again");
  },
  parameters: {
    flags: {
      unsent: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Only to recipients it was not sent to",
      },
      ...ALL_FLAG,
      ...FILTER_FLAGS,
    },
    positional: IDS,
  },
  docs: {
    brief: "Queue mail again, whatever its state",
    fullDescription:
      `Queues messages again whatever became of them: their counters and lifetime begin
anew, their history stays. Recipients being sent to at this moment are left alone.

  mailq resend 7kq3vd
  mailq resend --status failed --since 2h
  mailq resend --unsent 7kq3vd`,
  },
});
