// `mailq export`: writes messages out as .eml files, mbox or Maildir, and leaves them in the queue.
// The use case is src/app/export's.

import { buildCommand } from "@stricli/core";
import { Progress } from "../../app/progress.ts";
import { exportMessages } from "../../app/export/messages.ts";
import {
  EmlPlace,
  type ExportPlace,
  MaildirPlace,
  MboxPlace,
  StreamPlace,
} from "../../app/export/places.ts";
import type { Settings } from "../../config/settings.ts";
import { plural } from "../../display/plural.ts";
import { EXIT_STATUS, MailqError } from "../../queue/errors.ts";
import type { Filter } from "../../queue/filter.ts";
import type { Reader } from "../../queue/ports/reader.ts";
import { type FlagsOf, text, toggle } from "../flags/builders.ts";
import { IDS, SELECTION_FLAGS, selectionOf } from "../flags/filter.ts";
import type { Context } from "../frame/context.ts";

const PLACE_FLAGS = {
  eml: text({
    brief: "Into this folder, as files ID.eml; - prints one message",
    placeholder: "DIR",
  }),
  mbox: text({
    brief: "Into this new mbox file (mboxrd); - prints it",
    placeholder: "FILE",
  }),
  maildir: text({
    brief: "Into this Maildir, which is made if it is not there",
    placeholder: "DIR",
  }),
};
const FLAGS = {
  ...PLACE_FLAGS,
  envelope: toggle(
    "With --maildir: sender and recipients above each, as zope.sendmail writes them",
  ),
  ...SELECTION_FLAGS,
};

export const command = buildCommand<FlagsOf<typeof FLAGS>, string[], Context>({
  async func({ eml, mbox, maildir, envelope = false, ...selection }, ...ids) {
    const { output } = this;
    const given = [eml, mbox, maildir].filter((path) => path !== undefined);
    const [path] = given;
    if (path === undefined || given.length > 1) {
      throw new MailqError("usage", "Cannot export: give one of --eml, --mbox and --maildir");
    }
    if (envelope && maildir === undefined) {
      throw new MailqError("usage", "Cannot use --envelope without --maildir");
    }
    const settings = await this.settings("all");
    const store = await this.openQueue(settings, { create: false });
    const filter = await selectionOf(store, ids, selection);
    if (eml === "-") await refuseAllButOne(store, filter);
    using place = await openPlace(this, settings, { eml, mbox, maildir });
    using progress = new Progress(output, { what: "exporting" });
    const total = output.hearsProgress ? await store.count(filter) : null;
    let exported = 0;
    const result = await exportMessages(store, {
      filter,
      place,
      hasEnvelope: envelope,
      signal: this.stopSignal(),
      onExported: () => progress.note(++exported, total),
    }).catch((error) => {
      const isKept = exported > 0 && (maildir ?? eml) !== undefined && path !== "-";
      if (isKept) output.note(`${exported} ${plural(exported, "message")} exported before that`);
      throw error;
    });
    if (result.withoutBody > 0) {
      output.note(
        `${result.withoutBody} of them cannot be exported: the bytes were deleted when the mail ` +
          "was sent (keep_bodies)",
      );
      this.exitStatus = EXIT_STATUS.input_unreadable;
    }
    if (path === "-") return;
    if (output.isJson) {
      return output.json({ exported: result.exported, without_body: result.withoutBody });
    }
    output.line(`Exported ${result.exported} ${plural(result.exported, "message")} to ${path}`);
  },
  parameters: { flags: FLAGS, positional: IDS },
  docs: {
    brief: "Write messages out as .eml files, mbox or Maildir",
    fullDescription: `Writes messages out and leaves them in the queue. Nothing is written over.
\`mailq enqueue\` takes them back with the same bytes; with the envelope, Bcc
recipients too, after \`export --maildir DIR --envelope\`, which is a spool that
\`mailq enqueue --maildir DIR\` and zope.sendmail read. Else give --from and --to.

  mailq export --status failed --eml failed/
  mailq export --all --mbox - | gzip > mail.mbox.gz
  mailq export 7kq3vd --eml - > mail.eml`,
  },
});

async function openPlace(
  { output, machine }: Context,
  { hostname }: Settings,
  { eml, mbox, maildir = "" }: FlagsOf<typeof PLACE_FLAGS>,
): Promise<ExportPlace> {
  if (eml === "-" || mbox === "-") {
    return new StreamPlace((bytes) => output.bytes(bytes), mbox !== undefined);
  }
  if (eml !== undefined) return await EmlPlace.make(eml);
  if (mbox !== undefined) return await MboxPlace.make(mbox);
  const { clock, random } = machine;
  return await MaildirPlace.make(maildir, { hostname, clock, random });
}

async function refuseAllButOne(store: Reader, filter: Filter): Promise<void> {
  let count = 0;
  for await (const _ of store.list(filter, { sort: "oldest", after: null, limit: 2 })) count++;
  if (count === 1) return;
  const found = count === 0 ? "none matches" : "more than one matches";
  throw new MailqError("usage", `Cannot print one message: ${found}; --mbox - prints many`);
}
