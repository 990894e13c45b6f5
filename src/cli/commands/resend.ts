import { buildCommand } from "@stricli/core";
import { MailqError } from "../../queue/errors.ts";
import type { Context } from "../frame/context.ts";
import { messageShape } from "../print/json_shapes.ts";
import { anyText, word } from "../flags/parsers.ts";
import { readySearch } from "../../app/send/search_index.ts";
import {
  ALL_FLAG,
  FILTER_FLAGS,
  type FilterFlags,
  IDS,
  resolveId,
  selectMessages,
  tellAction,
} from "../../app/select.ts";

interface Flags extends Omit<FilterFlags, "to"> {
  readonly to?: readonly string[];
  readonly all?: boolean;
  readonly unsent?: boolean;
}

export const command = buildCommand<Flags, string[], Context>({
  async func(flags, ...prefixes) {
    const { to = [], from, unsent, ...others } = flags;
    if (prefixes.length > 0 && (to.length > 0 || from !== undefined)) {
      const more = [unsent, ...Object.values(others)].some((value) =>
        value !== undefined && !(Array.isArray(value) && value.length === 0)
      );
      if (prefixes.length > 1 || more) {
        throw new MailqError(
          "usage",
          "Cannot change the envelope of more than one message: give one id, --to and --from alone",
        );
      }
      return await resendChanged(this, prefixes[0] ?? "", from, to);
    }
    if (to.length > 1) throw new MailqError("usage", "Cannot filter by more than one --to");
    const store = await this.queue();
    await readySearch(this, store, others.search);
    const filter = await selectMessages(store, prefixes, {
      ...others,
      to: to[0],
      from: from === undefined ? undefined : word(from),
    });
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
      to: {
        kind: "parsed",
        parse: word,
        optional: true,
        variadic: true,
        brief: "With an ID: send a copy to this recipient instead; may be repeated. Else a filter",
        placeholder: "ADDRESS",
      },
      from: {
        kind: "parsed",
        parse: anyText,
        optional: true,
        brief: "With an ID: send a copy with this envelope sender, <> for none. Else a filter",
        placeholder: "ADDRESS",
      },
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
  mailq resend --unsent 7kq3vd
  mailq resend 7kq3vd --to bob@new.example --to ann@new.example

With an ID and --to or --from a copy of the message is queued with that envelope and
its id printed; the copy names the old message, which stays as it is. The bytes of the
copy are the same, header and Message-ID included: a receiver that got the first may
drop it as a duplicate.`,
  },
});

/** Queues a copy with another envelope and prints its id. */
async function resendChanged(
  context: Context,
  prefix: string,
  from: string | undefined,
  to: readonly string[],
): Promise<void> {
  const { output } = context;
  const settings = await context.settings("all");
  const store = await context.store(settings, false);
  const { readGivenEnvelope }: typeof import("../../intake/address/envelope.ts") = await import(
    import.meta.resolve("../../intake/address/envelope.ts")
  );
  const id = await resolveId(store, prefix);
  const envelope = await readGivenEnvelope({
    from,
    to: to.length === 0 ? undefined : to,
    settings,
  });
  const enqueued = await store.resendChanged(id, envelope);
  if (enqueued.suppressed.length > 0) {
    const { sanitise }: typeof import("../../display/sanitise.ts") = await import(
      import.meta.resolve("../../display/sanitise.ts")
    );
    const listed = sanitise(enqueued.suppressed.join(", "));
    output.note(`${enqueued.id}: on the do-not-send list: ${listed}`);
  }
  if (!output.isJson) return output.line(enqueued.id);
  const message = await store.show(enqueued.id);
  output.json(message === null ? { id: enqueued.id } : messageShape(message));
}
