// `mailq sendmail` in the help. Its arguments never come through the command-line library:
// frame/run.ts hands them to ../sendmail/call.ts.

import { buildCommand } from "@stricli/core";
import type { Context } from "../frame/context.ts";
import { manyArguments, type NoFlags } from "../flags/builders.ts";
import { sendmail } from "../sendmail/call.ts";

export const command = buildCommand<NoFlags, string[], Context>({
  async func(_flags, ...argv) {
    await sendmail(this, argv);
  },
  parameters: {
    positional: manyArguments({
      brief: "sendmail(1)'s options and recipients",
      placeholder: "OPTION|ADDRESS",
    }),
  },
  docs: {
    brief: "Take mail as sendmail(1) does: for cron, PHP, git send-email, mutt",
    fullDescription:
      `Queues the message on stdin for the recipients given. Exit 0 means that it is on
disk; nothing is printed. A link named sendmail to this program does the same.

  mailq sendmail -t -i < mail.eml            recipients from To, Cc and Bcc
  mailq sendmail -f ops@example.org root     -f '' is the null sender
  mailq sendmail -bs                         SMTP on stdin and stdout
  mailq sendmail -bp, -q, -qIID, -bd         as mailq list, send, send ID, run
  mailq sendmail -bv ann@example.org         says whether mail would be taken

-i         a lone dot does not end the message
-F NAME    the name in a missing From field; else $NAME
-N -R -V   notifications (RFC 3461): never or success,failure,delay; full or hdrs; an id
-v         say what became of it
Every other option of sendmail's is taken and does nothing.`,
  },
});
