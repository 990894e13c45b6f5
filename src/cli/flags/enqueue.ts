// The flags of the commands that take mail in. enqueue has all of them, compose those that say how
// mail is queued. What they mean for the mail is src/cli/enqueue's, which uses the types alone.

import { PRIORITIES } from "../../queue/message.ts";
import { anyText, type FlagsOf, oneOf, span, text, texts, toggle } from "./builders.ts";
import { timeToCome } from "./times.ts";

/** Flags that say how mail is queued, whatever command takes it in. */
export const QUEUE_FLAGS = {
  priority: oneOf(PRIORITIES, {
    brief: "now is sent by this very process",
    placeholder: "PRIORITY",
  }),
  sendAt: timeToCome({
    flag: "--send-at",
    brief: "Not before this time: 2026-11-22T18:00, or +15m",
  }),
  expiresIn: span({ brief: "Fails if it is not sent within this time: 90s, 15m, 4h, 7d" }),
  tag: texts({ brief: "A tag to find it by. May be repeated", placeholder: "TAG" }),
  key: text({
    brief: "Queue it only once: the same key again prints the first id",
    placeholder: "KEY",
  }),
  hold: toggle("Keep it back until `mailq release`"),
};

/** Flags for input of many messages. */
const SPOOL_FLAGS = {
  jsonl: toggle("The input is JSON, one message a line; see above"),
  mbox: toggle("The input is mbox files, of many messages each"),
  mboxFormat: oneOf(["mboxrd", "mboxo"], {
    brief: "how >From lines are read [mboxrd]: mboxrd takes a > away, mboxo leaves them",
    placeholder: "FORMAT",
  }),
  maildir: text({
    brief: "Take the mail out of a Maildir, or a spool of zope.sendmail or repoze.sendmail",
    placeholder: "DIR",
  }),
  watch: toggle("With --maildir: go on, and take what comes as soon as it is there"),
  setAside: toggle(
    "With --maildir: rename what cannot be queued to .rejected-NAME and take the rest",
  ),
};

export const ENQUEUE_FLAGS = {
  from: anyText({
    brief: "Envelope sender, <> for none; else Sender or From",
    placeholder: "ADDRESS",
  }),
  to: texts({
    brief: "Envelope recipient; else To, Cc and Bcc. May be repeated",
    placeholder: "ADDRESS",
  }),
  ...SPOOL_FLAGS,
  ...QUEUE_FLAGS,
};

export type QueueFlags = FlagsOf<typeof QUEUE_FLAGS>;
export type SpoolFlags = FlagsOf<typeof SPOOL_FLAGS>;
export type EnqueueFlags = FlagsOf<typeof ENQUEUE_FLAGS>;
