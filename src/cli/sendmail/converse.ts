// `sendmail -bs`: an SMTP conversation on stdin and stdout. Loaded by call.ts when it is asked for;
// the serving is src/app/sendmail/smtp.ts's.

import { translatedStdin } from "../../intake/sources/files.ts";
import { serveSmtp } from "../../app/sendmail/smtp.ts";
import { followUp } from "../enqueue/queue_mail.ts";
import type { Context } from "../frame/context.ts";

/** Speaks SMTP on stdin and stdout, and queues each message by itself. */
export async function converse(context: Context): Promise<void> {
  const { app, machine, output } = context;
  context.isConversation = true;
  await serveSmtp(app, await context.settings("intake"), {
    input: translatedStdin(machine.stdin),
    say: (text) => output.text(text),
    flush: () => output.flush(),
    onQueued: (queued, queue, reply) => followUp(context, queued, queue, reply),
    onFailure: (error) => output.failure(error),
  });
}
