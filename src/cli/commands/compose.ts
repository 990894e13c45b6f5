// `mailq compose`: makes a draft of flags and stdin, has src/intake/compose build the message of
// it, and queues or prints that.

import { buildCommand } from "@stricli/core";
import type { Attachment, Draft, DraftPart, HeaderLine } from "../../intake/compose/draft.ts";
import type { IntakeOptions } from "../../intake/options.ts";
import type { InputBytes } from "../../intake/sources/files.ts";
import { composeMessage } from "../../intake/compose/compose.ts";
import { decodeText, OpenFile, readWhole } from "../../intake/compose/files.ts";
import { MailqError } from "../../queue/errors.ts";
import type { Context } from "../frame/context.ts";
import { intakeOptions } from "../../app/enqueue/options.ts";
import { wishesOf } from "../enqueue/call.ts";
import { queueAndPrint } from "../enqueue/queue_mail.ts";
import {
  anyText,
  type FlagsOf,
  manyArguments,
  type Now,
  parsed,
  readText,
  text,
  texts,
  toggle,
} from "../flags/builders.ts";
import { QUEUE_FLAGS } from "../flags/enqueue.ts";
import { readTimeToCome } from "../flags/times.ts";

const addresses = (brief: string) => texts({ brief, placeholder: "ADDRESS" });
const file = (brief: string) => text({ brief, placeholder: "FILE" });
const files = (brief: string) => texts({ brief, placeholder: "FILE" });

const FLAGS = {
  to: addresses("Recipient, as are the arguments. May be repeated"),
  cc: addresses("Recipient of a copy. May be repeated"),
  bcc: addresses("Recipient that no other one is shown. May be repeated"),
  from: text({
    brief: "Sender; else the setting from, else you at this host",
    placeholder: "ADDRESS",
  }),
  replyTo: addresses("Where answers shall go"),
  subject: anyText({ brief: "Subject, in UTF-8", placeholder: "TEXT" }),
  text: file("The text; else stdin, but with --html made from that"),
  html: file("The text as HTML; - is stdin"),
  attach: files("A file to attach. May be repeated"),
  inline: files("A file the HTML shows, as cid:NAME. May be repeated"),
  header: texts({
    brief: "A further header field: 'X-Foo: bar'. May be repeated",
    placeholder: "FIELD",
  }),
  date: parsed({ brief: "The message's date; else now", placeholder: "TIME" }, readDate),
  print: toggle("Print the message as it would be queued, and queue nothing"),
  ...QUEUE_FLAGS,
};
type Flags = FlagsOf<typeof FLAGS>;

const PART_FLAGS: Readonly<Record<DraftPart, string>> = {
  from: "--from",
  to: "--to",
  cc: "--cc",
  bcc: "--bcc",
  replyTo: "--reply-to",
  subject: "--subject",
  headers: "--header",
  attachments: "--attach",
};

export const command = buildCommand<Flags, string[], Context>({
  async func(flags, ...recipients) {
    const settings = await this.settings("intake");
    const { maxSizeBytes } = settings;
    const bodies = readTexts(this, flags, maxSizeBytes);
    const from = flags.from ?? settings.from;
    const draft: Draft = {
      from,
      to: [...recipients, ...flags.to ?? []],
      cc: flags.cc ?? [],
      bcc: flags.bcc ?? [],
      replyTo: flags.replyTo ?? [],
      subject: flags.subject ?? null,
      ...bodies,
      attachments: attachmentsOf(flags),
      headers: (flags.header ?? []).map(headerLine),
      date: flags.date ?? null,
    };
    const nameOf = (part: DraftPart) =>
      part === "from" && flags.from === undefined ? "the setting from" : PART_FLAGS[part];
    const { random } = this.machine;
    const composed = await composeMessage(draft, { random, nameOf, settings });
    const options = intakeOptions(this.app, settings, {
      ...wishesOf(flags),
      to: composed.recipients,
      // Without a From of its own the message gets the envelope sender's.
      fromName: from === null ? "" : undefined,
    });
    if (flags.print) await print(this, composed.bytes, options);
    else {
      const input = { name: "-", read: () => composed.bytes };
      await queueAndPrint(this, settings, [input], options);
    }
  },
  parameters: {
    flags: FLAGS,
    aliases: { s: "subject", c: "cc", b: "bcc", r: "from" },
    positional: manyArguments(
      { brief: "Recipients, as --to", placeholder: "ADDRESS" },
      readText,
    ),
  },
  docs: {
    brief: "Build a message from flags and stdin, as mail(1) does, and queue it",
    fullDescription: `Builds a message and queues it, as enqueue does: it goes to all of --to, --cc
and --bcc, and its id is printed. The text is stdin, in UTF-8; --text and --html
take it from files. Without --text a text version is made from the HTML. The HTML
shows an inline file by its name: <img src="cid:logo.png"> for --inline logo.png.

  echo 'All done' | mailq compose --to ops@example.org --subject 'Backup'
  df -h | mailq compose -s "Disks of $(hostname)" ops@example.org
  mailq compose --to 'Jörg <joerg@example.org>' --subject Report \\
      --html report.html --inline logo.png --attach report.pdf
  mailq compose --to ops@example.org --header 'X-Ticket: 4711' --print < text`,
  },
});

/** ISO 8601, or a date as mail has it (RFC 5322 3.3), which `date -R` prints. */
async function readDate(this: Now, text: string): Promise<number> {
  const isMailDate = /^\s*(?:[a-z]{3},\s*)?\d{1,2}\s+[a-z]{3}\s+\d{4}\s+[\d:]+\s+[+-]\d{4}\b/i
    .test(text);
  const ms = isMailDate ? Date.parse(text) : NaN;
  return Number.isNaN(ms) ? await readTimeToCome("--date", text, this) : ms;
}

function headerLine(text: string): HeaderLine {
  const colon = text.indexOf(":");
  if (colon > 0) return { name: text.slice(0, colon).trimEnd(), value: text.slice(colon + 1) };
  throw new MailqError(
    "usage",
    `Cannot use --header ${
      JSON.stringify(text)
    }: expected a name and a value, such as 'X-Foo: bar'`,
  );
}

function attachmentsOf({ attach = [], inline = [], html }: Flags): Attachment[] {
  if (inline.length > 0 && html === undefined) {
    throw new MailqError("usage", "Cannot use --inline without --html, which would show the file");
  }
  const attachment = (path: string) => ({
    name: path.replace(/\/+$/, "").split("/").pop() ?? path,
    type: null,
    cid: null,
    content: { path },
  });
  return [
    ...inline.map((path) => attachment(path)).map((one) => ({ ...one, cid: one.name })),
    ...attach.map(attachment),
  ];
}

/** The text is stdin, unless it or the html comes from a file. */
function readTexts(
  context: Context,
  flags: Flags,
  limitBytes: number,
): { readonly text: string | null; readonly html: string | null } {
  if (flags.text === "-" && flags.html === "-") {
    throw new MailqError("usage", "Cannot read both --text and --html from stdin");
  }
  const text = flags.text ?? (flags.html === undefined ? "-" : undefined);
  const html = flags.html;
  return {
    text: text === undefined ? null : readTextOf(context, text, limitBytes),
    html: html === undefined ? null : readTextOf(context, html, limitBytes),
  };
}

function readTextOf(context: Context, path: string, limitBytes: number): string {
  const { machine, output } = context;
  const isStdin = path === "-";
  if (isStdin && machine.stdin.isTerminal()) {
    output.note("reading the text from the terminal; end it with Ctrl-D");
  }
  const file = isStdin ? null : OpenFile.open(path);
  try {
    const { text, isUtf8 } = decodeText(readWhole(path, file ?? machine.stdin, limitBytes));
    if (!isUtf8) {
      const name = isStdin ? "standard input" : JSON.stringify(path);
      output.warn(`${name} is not in UTF-8: read as Windows-1252`);
    }
    return text;
  } finally {
    file?.close();
  }
}

async function print(context: Context, bytes: InputBytes, options: IntakeOptions): Promise<void> {
  const { output } = context;
  if (bytes.kind === "whole") {
    const { prepareMessage }: typeof import("../../intake/prepare.ts") = await import(
      import.meta.resolve("../../intake/prepare.ts")
    );
    output.bytes((await prepareMessage(bytes.bytes, options)).message.content);
    return;
  }
  try {
    const { prepareStream }: typeof import("../../intake/prepare_large.ts") = await import(
      import.meta.resolve("../../intake/prepare_large.ts")
    );
    const { pieces } = await prepareStream(bytes.head, bytes.rest, options);
    for await (const piece of pieces) output.bytes(piece);
  } finally {
    bytes.close();
  }
}
