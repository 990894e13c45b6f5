// `mailq resend`: queues mail again whatever became of it, or, for one message, a copy of it with
// another envelope. What may go again is the store's to say; the envelope is checked by src/intake.

import { buildCommand } from "@stricli/core";
import { Progress } from "../../app/progress.ts";
import { APPLIES_TO, dryRun } from "../../app/act/dry_run.ts";
import { resolveId } from "../../app/select.ts";
import { readySearch } from "../../app/send/search_index.ts";
import { MailqError } from "../../queue/errors.ts";
import { MESSAGE_STATUSES } from "../../queue/state.ts";
import { anyText, type FlagsOf, readText, texts, toggle } from "../flags/builders.ts";
import { DRY_RUN, IDS, isAnyGiven, SELECTION_FLAGS, selectionOf } from "../flags/filter.ts";
import type { Context } from "../frame/context.ts";
import { printAction } from "../print/actions.ts";
import { printDryRun } from "../print/dry_run.ts";

const FLAGS = {
  unsent: toggle("Only to recipients it was not sent to"),
  ...DRY_RUN,
  ...SELECTION_FLAGS,
  to: texts({
    brief: "With an ID: send a copy to this recipient instead; may be repeated. Else a filter",
    placeholder: "ADDRESS",
  }),
  from: anyText({
    brief: "With an ID: send a copy with this envelope sender, <> for none. Else a filter",
    placeholder: "ADDRESS",
  }),
};

const NOT_SENT = MESSAGE_STATUSES.filter((status) => status !== "sent");

export const command = buildCommand<FlagsOf<typeof FLAGS>, string[], Context>({
  async func({ to = [], from, unsent, dryRun: isDryRun, ...others }, ...ids) {
    if (ids.length > 0 && (to.length > 0 || from !== undefined)) {
      if (ids.length > 1 || isAnyGiven({ unsent, isDryRun, ...others })) {
        throw new MailqError(
          "usage",
          "Cannot change the envelope of more than one message: give one id, --to and --from alone",
        );
      }
      return await resendChanged(this, ids[0] ?? "", { to, from });
    }
    if (to.length > 1) throw new MailqError("usage", "Cannot filter by more than one --to");
    const store = await this.queue();
    await readySearch(this.output, store, others.search);
    const selected = await selectionOf(store, ids, {
      ...others,
      to: to[0],
      from: from === undefined ? undefined : readText(from),
    });
    // A filter alone never sends again what has arrived.
    const sparesSent = ids.length === 0 && !others.status?.includes("sent");
    const filter = sparesSent ? { statuses: NOT_SENT, and: [selected] } : selected;
    if (isDryRun) {
      const found = await dryRun(store, filter, APPLIES_TO.resend);
      return printDryRun(this.output, found, "queue again");
    }
    using progress = new Progress(this.output, { what: "queueing again" });
    const options = { unsentOnly: unsent ?? sparesSent, onProgress: progress.note };
    const result = await store.resend(filter, options);
    printAction(this.output, result, "Queued again");
  },
  parameters: { flags: FLAGS, positional: IDS },
  docs: {
    brief: "Queue mail again, whatever its state",
    fullDescription:
      `Queues messages again whatever became of them: their counters and lifetime begin
anew, their history stays. Recipients being sent to at this moment are left alone.
A filter alone spares the recipients that a message was sent to: to send again what
has arrived takes its ID, or --status sent.

  mailq resend 7kq3vd
  mailq resend --status failed --since 2h
  mailq resend --unsent 7kq3vd
  mailq resend 7kq3vd --to bob@new.example --to ann@new.example

With an ID and --to or --from a copy of the message is queued with that envelope and
its id printed; the copy names the old message, which stays as it is. The bytes of the
copy are the same, header and Message-ID included: a receiver that got the first may
drop it as a duplicate.`,
  },
});

interface Envelope {
  /** Undefined = as before, as is an empty `to`. */
  readonly from: string | undefined;
  readonly to: readonly string[];
}

/** Queues a copy with another envelope and prints its id. */
async function resendChanged(
  context: Context,
  prefix: string,
  { from, to }: Envelope,
): Promise<void> {
  const settings = await context.settings("all");
  const store = await context.openQueue(settings, { create: false });
  const { readGivenEnvelope }: typeof import("../../intake/address/envelope.ts") = await import(
    import.meta.resolve("../../intake/address/envelope.ts")
  );
  const { intakeSettings }: typeof import("../../app/enqueue/options.ts") = await import(
    import.meta.resolve("../../app/enqueue/options.ts")
  );
  const id = await resolveId(store, prefix);
  const envelope = await readGivenEnvelope({
    from,
    to: to.length === 0 ? undefined : to,
    settings: intakeSettings(context.app, settings),
  });
  for (const warning of envelope.warnings) context.output.warn(warning);
  const enqueued = await store.resendChanged(id, envelope);
  const { printIds }: typeof import("../enqueue/queue_mail.ts") = await import(
    import.meta.resolve("../enqueue/queue_mail.ts")
  );
  await printIds(context)({ messages: [enqueued], urgent: [] }, store);
}
