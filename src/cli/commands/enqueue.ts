import { buildCommand, type FlagParametersForType } from "@stricli/core";
import type { Settings } from "../../config/settings.ts";
import { type Input, openInputs } from "../../intake/sources.ts";
import type { IntakeOptions } from "../../intake/options.ts";
import type { Priority } from "../../queue/message.ts";
import { PRIORITIES } from "../../queue/message.ts";
import type { Context } from "../context.ts";
import { enqueueInputs, intakeSettings } from "../enqueue_inputs.ts";
import { anyText, duration, time, word } from "../parsers.ts";
// Loaded together with this command: later it would be a round of loading of its own.
import "../../store/sqlite/store.ts";

/** Flags that say how mail is queued, whatever command takes it in. */
export interface QueueFlags {
  readonly priority?: Priority;
  readonly sendAt?: number;
  readonly expiresIn?: number;
  readonly tag?: readonly string[];
  readonly key?: string;
  readonly hold?: boolean;
}

interface Flags extends QueueFlags {
  readonly from?: string;
  readonly to?: readonly string[];
  readonly jsonl?: boolean;
  readonly mbox?: boolean;
  readonly mboxFormat?: "mboxrd" | "mboxo";
  readonly maildir?: string;
  readonly watch?: boolean;
  readonly setAside?: boolean;
}

export const QUEUE_FLAGS: FlagParametersForType<QueueFlags, Context> = {
  priority: {
    kind: "enum",
    values: PRIORITIES,
    optional: true,
    brief: "now is sent by this very process",
    placeholder: "PRIORITY",
  },
  sendAt: {
    kind: "parsed",
    parse: time,
    optional: true,
    brief: "Not before this time: 2026-11-22T18:00, or +15m",
    placeholder: "TIME",
  },
  expiresIn: {
    kind: "parsed",
    parse: duration,
    optional: true,
    brief: "Fails if it is not sent within this time: 90s, 15m, 4h, 7d",
    placeholder: "DURATION",
  },
  tag: {
    kind: "parsed",
    parse: word,
    optional: true,
    variadic: true,
    brief: "A tag to find it by. May be repeated",
    placeholder: "TAG",
  },
  key: {
    kind: "parsed",
    parse: word,
    optional: true,
    brief: "Queue it only once: the same key again prints the first id",
    placeholder: "KEY",
  },
  hold: {
    kind: "boolean",
    optional: true,
    withNegated: false,
    brief: "Keep it back until `mailq release`",
  },
};

/** What intake is told by the settings and the flags of a command. */
export function intakeOptions(
  context: Context,
  settings: Settings,
  flags: QueueFlags & Pick<Flags, "from" | "to">,
): IntakeOptions {
  const { machine } = context;
  return {
    from: flags.from,
    to: flags.to,
    priority: flags.priority,
    sendAt: flags.sendAt,
    expiresInMs: flags.expiresIn,
    tags: flags.tag,
    key: flags.key,
    isHeld: flags.hold,
    settings: intakeSettings(settings, machine),
    now: context.now(),
    random: machine.random,
  };
}

export const command = buildCommand<Flags, string[], Context>({
  async func(flags, ...paths) {
    const settings = await this.settings("intake");
    const { machine, output } = this;
    const named = paths.length === 0 ? ["-"] : paths;
    const isSpool = flags.mbox || flags.mboxFormat !== undefined || flags.maildir !== undefined ||
      flags.watch || flags.setAside;
    if (flags.maildir === undefined && named.includes("-") && machine.stdin.isTerminal()) {
      output.note(
        `reading ${flags.jsonl ? "JSON lines" : "a message"} from the terminal; end it with Ctrl-D`,
      );
    }
    const options = intakeOptions(this, settings, flags);
    if (isSpool) {
      const { enqueueSpool }: typeof import("../enqueue_spool.ts") = await import(
        import.meta.resolve("../enqueue_spool.ts")
      );
      return await enqueueSpool(this, settings, flags, paths, options);
    }
    const inputs = flags.jsonl
      ? await jsonlInputs(this, named, options)
      : openInputs(named, machine.stdin);
    await enqueueInputs(this, settings, inputs, options);
  },
  parameters: {
    flags: {
      from: {
        kind: "parsed",
        parse: anyText,
        optional: true,
        brief: "Envelope sender, <> for none; else Sender or From",
        placeholder: "ADDRESS",
      },
      to: {
        kind: "parsed",
        parse: word,
        optional: true,
        variadic: true,
        brief: "Envelope recipient; else To, Cc and Bcc. May be repeated",
        placeholder: "ADDRESS",
      },
      jsonl: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "The input is JSON, one message a line; see below",
      },
      mbox: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "The input is mbox files, of many messages each",
      },
      mboxFormat: {
        kind: "enum",
        values: ["mboxrd", "mboxo"],
        optional: true,
        brief: "how >From lines are read [mboxrd]: mboxrd takes a > away, mboxo leaves them",
        placeholder: "FORMAT",
      },
      maildir: {
        kind: "parsed",
        parse: word,
        optional: true,
        brief: "Take the mail out of a Maildir, or a spool of zope.sendmail or repoze.sendmail",
        placeholder: "DIR",
      },
      watch: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "With --maildir: go on, and take what comes as soon as it is there",
      },
      setAside: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "With --maildir: rename what cannot be queued to .rejected-NAME and take the rest",
      },
      ...QUEUE_FLAGS,
    },
    positional: {
      kind: "array",
      parameter: {
        brief: "Messages, folders of *.eml, or - for stdin (the default)",
        placeholder: "FILE|DIR",
        parse: anyText,
      },
    },
  },
  docs: {
    brief: "Queue mail from stdin, files or folders; print its ids",
    fullDescription: `Queues messages (RFC 5322, as in .eml files) and prints one id a line.
Exit 0 means that all of them are on disk; any other status that none is.

  cat mail.eml | mailq enqueue
  mailq enqueue --to ops@example.org --priority high mail.eml
  mailq enqueue --send-at +2h --expires-in 1d --tag newsletter outbox/
  mailq enqueue --key invoice-4711 invoice.eml
  mailq enqueue --mbox saved.mbox
  mailq enqueue --maildir /srv/app/mail-queue --watch
  mailq enqueue --jsonl < newsletter.jsonl

With --jsonl each line is a JSON object, and a message:

  {"to": "ann@example.org", "subject": "Hi", "text": "Hello Ann", "key": "hi-1"}
  {"to": ["a@example.org", {"name": "Bo", "address": "b@example.org"}],
   "html": "<b>Hi</b>", "attachments": ["report.pdf"]}       (on one line)
  {"path": "ready.eml", "to": "ann@example.org", "priority": "high"}

Fields: from to cc bcc reply_to subject text html attachments headers date
language, or a whole message as raw, raw_base64 or path; sender, priority,
send_at, expires_in, tags, key, hold. An attachment is a path, or an object of
path or base64, name, type, and cid for what the html shows as cid:… A flag
holds for the lines that do not say otherwise; --from and --to stand in for
from and to. One bad line, and nothing of the call is queued.`,
  },
});

async function jsonlInputs(
  context: Context,
  paths: readonly string[],
  options: IntakeOptions,
): Promise<AsyncIterable<Input>> {
  const { openJsonl }: typeof import("../jsonl_inputs.ts") = await import(
    import.meta.resolve("../jsonl_inputs.ts")
  );
  return openJsonl(context, paths, options);
}
