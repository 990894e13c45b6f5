import { buildCommand } from "@stricli/core";
import { MailqError } from "../../queue/errors.ts";
import type { MessageStatus } from "../../queue/state.ts";
import type { Context } from "../frame/context.ts";
import { duration } from "../flags/parsers.ts";
import { readySearch } from "../../app/send/search_index.ts";
import {
  ALL_FLAG,
  FILTER_FLAGS,
  type FilterFlags,
  IDS,
  plural,
  resolveIds,
  toFilter,
} from "../../app/select.ts";

interface Flags extends Omit<FilterFlags, "status"> {
  readonly status?: readonly MessageStatus[];
  readonly olderThan?: number;
  readonly undelivered?: boolean;
  readonly all?: boolean;
}

const FINAL = ["sent", "partial", "failed", "cancelled", "suppressed"] as const;
const OPEN: readonly MessageStatus[] = ["queued", "sending", "deferred", "held"];

export const command = buildCommand<Flags, string[], Context>({
  async func({ status, olderThan, undelivered, all, ...flags }, ...prefixes) {
    const open = status?.filter((one) => OPEN.includes(one)) ?? [];
    if (open.length > 0 && !undelivered) {
      throw new MailqError(
        "usage",
        `Cannot purge ${open.join(", ")} mail, which is not delivered: give --undelivered too`,
      );
    }
    const isNamed = prefixes.length > 0 || all || status !== undefined ||
      olderThan !== undefined || Object.values(flags).some((value) => value !== undefined);
    if (!isNamed) {
      throw new MailqError(
        "usage",
        "Cannot purge without being told what: give --older-than, --status or another filter, " +
          "ids, or --all",
      );
    }
    const store = await this.queue();
    await readySearch(this, store, flags.search);
    const ids = prefixes.length === 0 ? undefined : await resolveIds(store, prefixes);
    // Named messages go whatever their final state; otherwise sent mail alone.
    const statuses = status ??
      [...(ids === undefined ? ["sent" as const] : FINAL), ...(undelivered ? OPEN : [])];
    const purged = await store.purge({ ...toFilter(flags), ids, statuses }, {
      finalBefore: olderThan === undefined ? null : this.now() - olderThan,
      includeOpen: undelivered ?? false,
    });
    if (this.output.isJson) return this.output.json({ purged });
    if (this.output.isWatched) this.output.line(`Purged ${purged} ${plural(purged, "message")}`);
    if (ids !== undefined && purged < ids.length) {
      this.output.note(
        `${ids.length - purged} kept: open mail goes only with --undelivered, and none ` +
          "while it is being sent",
      );
    }
  },
  parameters: {
    flags: {
      olderThan: {
        kind: "parsed",
        parse: duration,
        optional: true,
        brief: "Only what became final so long ago",
        placeholder: "DURATION",
      },
      undelivered: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Open mail too: it is lost",
      },
      ...ALL_FLAG,
      ...FILTER_FLAGS,
      status: {
        kind: "parsed",
        parse: finalStatuses,
        optional: true,
        brief: `Which: ${FINAL.join(" ")}, by comma, or all [sent]`,
        placeholder: "STATUS",
      },
    },
    positional: IDS,
  },
  docs: {
    brief: "Delete finished mail",
    fullDescription: `Deletes finished mail, sent mail unless --status says otherwise. What is not
delivered is never touched unless --undelivered asks for it.

  mailq purge --older-than 90d          (crontab)
  mailq purge --status failed --older-than 30d
  mailq purge --status all --older-than 1w`,
  },
});

function finalStatuses(text: string): readonly MessageStatus[] {
  return text.trim() === "all" ? FINAL : FILTER_FLAGS.status.parse(text);
}
