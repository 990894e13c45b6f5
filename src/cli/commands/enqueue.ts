// `mailq enqueue` as the command-line library sees it: flags and help. The work is
// ../enqueue/call.ts's, which plain arguments reach without this file.

import { buildCommand } from "@stricli/core";
import { enqueue } from "../enqueue/call.ts";
import { manyArguments } from "../flags/builders.ts";
import { ENQUEUE_FLAGS, type EnqueueFlags } from "../flags/enqueue.ts";
import type { Context } from "../frame/context.ts";

export const command = buildCommand<EnqueueFlags, string[], Context>({
  async func(flags, ...paths) {
    await enqueue(this, flags, paths);
  },
  parameters: {
    flags: ENQUEUE_FLAGS,
    positional: manyArguments({
      brief: "Messages, folders of *.eml, or - for stdin (the default)",
      placeholder: "FILE|DIR",
    }),
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
