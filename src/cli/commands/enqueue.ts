// `mailq enqueue` as the command-line library sees it: flags and help. The work is
// ../enqueue/call.ts's, which plain arguments reach without this file. compose shares the flags that
// say how mail is queued.

import { buildCommand, type FlagParametersForType } from "@stricli/core";
import { PRIORITIES } from "../../queue/message.ts";
import type { Context } from "../frame/context.ts";
import { enqueue, type EnqueueFlags, type QueueFlags } from "../enqueue/call.ts";
import { anyText, duration, timeOf, word } from "../flags/parsers.ts";

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
    parse: timeOf("--send-at"),
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

export const command = buildCommand<EnqueueFlags, string[], Context>({
  async func(flags, ...paths) {
    await enqueue(this, flags, paths);
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
        brief: "The input is JSON, one message a line; see above",
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
