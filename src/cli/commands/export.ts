import { buildCommand } from "@stricli/core";
import type { Settings } from "../../config/settings.ts";
import { EXIT_STATUS, MailqError } from "../../queue/errors.ts";
import type { Filter } from "../../queue/filter.ts";
import type { Store } from "../../queue/ports/store.ts";
import type { Context } from "../frame/context.ts";
import { exportMessages } from "../../app/export/messages.ts";
import {
  EmlPlace,
  type ExportPlace,
  MaildirPlace,
  MboxPlace,
  StreamPlace,
} from "../../app/export/places.ts";
import { word } from "../flags/parsers.ts";
import {
  ALL_FLAG,
  FILTER_FLAGS,
  type FilterFlags,
  IDS,
  plural,
  selectMessages,
} from "../../app/select.ts";

interface Places {
  readonly eml?: string;
  readonly mbox?: string;
  readonly maildir?: string;
}

interface Flags extends FilterFlags, Places {
  readonly envelope?: boolean;
  readonly all?: boolean;
}

export const command = buildCommand<Flags, string[], Context>({
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
    const store = await this.store(settings, false);
    const filter = await selectMessages(store, ids, selection);
    if (eml === "-") await refuseAllButOne(store, filter);
    using place = await placeOf(this, settings, { eml, mbox, maildir });
    let exported = 0;
    const result = await exportMessages(
      store,
      filter,
      place,
      envelope,
      this.stopSignal(),
      () => exported++,
    ).catch((error) => {
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
  parameters: {
    flags: {
      eml: {
        kind: "parsed",
        parse: word,
        optional: true,
        brief: "Into this folder, as files ID.eml; - prints one message",
        placeholder: "DIR",
      },
      mbox: {
        kind: "parsed",
        parse: word,
        optional: true,
        brief: "Into this new mbox file (mboxrd); - prints it",
        placeholder: "FILE",
      },
      maildir: {
        kind: "parsed",
        parse: word,
        optional: true,
        brief: "Into this Maildir, which is made if it is not there",
        placeholder: "DIR",
      },
      envelope: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "With --maildir: sender and recipients above each, as zope.sendmail writes them",
      },
      ...ALL_FLAG,
      ...FILTER_FLAGS,
    },
    positional: IDS,
  },
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

async function placeOf(
  { output, machine }: Context,
  settings: Settings,
  { eml, mbox, maildir = "" }: Places,
): Promise<ExportPlace> {
  if (eml === "-" || mbox === "-") return new StreamPlace(output, mbox !== undefined);
  if (eml !== undefined) return await EmlPlace.make(eml);
  if (mbox !== undefined) return await MboxPlace.make(mbox);
  return await MaildirPlace.make(maildir, settings.hostname, machine.clock, machine.random);
}

async function refuseAllButOne(store: Store, filter: Filter): Promise<void> {
  let count = 0;
  for await (const _ of store.list(filter, { sort: "oldest", after: null, limit: 2 })) count++;
  if (count === 1) return;
  const found = count === 0 ? "none matches" : "more than one matches";
  throw new MailqError("usage", `Cannot print one message: ${found}; --mbox - prints many`);
}
