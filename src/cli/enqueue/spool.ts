// `mailq enqueue --mbox` and `--maildir`: input of many messages. Loaded by call.ts when one of
// their flags was given; how a Maildir is taken in is src/app/enqueue/maildir.ts's.

import type { Settings } from "../../config/settings.ts";
import { mboxInputs } from "../../intake/sources/mbox.ts";
import type { IntakeOptions } from "../../intake/options.ts";
import { EXIT_STATUS, MailqError } from "../../queue/errors.ts";
import { isAboutMessage, takeMaildir } from "../../app/enqueue/maildir.ts";
import type { SpoolFlags } from "../flags/enqueue.ts";
import type { Context } from "../frame/context.ts";
import { followUp, printIds, queueAndPrint } from "./queue_mail.ts";

/** Queues the messages of mbox files or of a Maildir. */
export async function enqueueSpool(
  context: Context,
  settings: Settings,
  flags: SpoolFlags,
  paths: readonly string[],
  options: IntakeOptions,
): Promise<void> {
  const { maildir, mbox, mboxFormat, watch = false, setAside = false } = flags;
  if (flags.jsonl) {
    throw new MailqError("usage", "Cannot take --jsonl and other input in one call: give it alone");
  }
  if (maildir === undefined) {
    if (watch || setAside) {
      throw new MailqError("usage", "Cannot use --watch or --set-aside without --maildir");
    }
    if (!mbox) throw new MailqError("usage", "Cannot use --mbox-format without --mbox");
    const files = paths.length === 0 ? ["-"] : paths;
    const inputs = mboxInputs(files, context.machine.stdin, mboxFormat ?? "mboxrd");
    const { messages: [first] } = await queueAndPrint(context, settings, inputs, options);
    if (first === undefined) context.output.note("nothing queued: the mbox holds no message");
    return;
  }
  if (mbox || mboxFormat !== undefined || paths.length > 0) {
    throw new MailqError(
      "usage",
      "Cannot take a Maildir and other input in one call: give --maildir alone",
    );
  }
  if (options.key !== undefined) {
    throw new MailqError(
      "usage",
      "Cannot give one --key to a Maildir: each file has a key already",
    );
  }
  const print = printIds(context);
  const taking = takeMaildir(context.app, settings, maildir, {
    intake: options,
    setsAside: setAside,
    isWatched: watch,
    onQueued: (queued, queue) => followUp(context, queued, queue, print),
  });
  const { hasLeft } = await (watch || setAside ? taking : taking.catch(explainNone));
  if (hasLeft && !watch) context.exitStatus = EXIT_STATUS.input_unreadable;
}

/** Says that one bad file has kept all of them out. */
function explainNone(error: unknown): never {
  if (!isAboutMessage(error)) throw error;
  throw new MailqError(
    error.code,
    `${error.message}; nothing was queued (--set-aside renames such files to ` +
      ".rejected-NAME and queues the rest)",
    { cause: error },
  );
}
