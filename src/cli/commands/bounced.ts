// `mailq bounced`: reads mail that came back, from stdin, files or a Maildir, and notes with its recipients
// what was said. Finding the message is src/app/bounced's; nothing is ever answered.

import { buildCommand } from "@stricli/core";
import { type BouncedEnd, takeBounced } from "../../app/bounced/take_bounced.ts";
import { takeReturnedMaildir } from "../../app/bounced/maildir.ts";
import { readBeginning } from "../../app/bounced/read_beginning.ts";
import { sanitise } from "../../display/sanitise.ts";
import { openInputs } from "../../intake/sources/files.ts";
import { MailqError } from "../../queue/errors.ts";
import { type FlagsOf, manyArguments, text } from "../flags/builders.ts";
import type { Context } from "../frame/context.ts";
import type { Output } from "../frame/output.ts";
import { bounceText } from "../print/message_detail.ts";

const FLAGS = {
  returnedTo: text({
    brief: "The address that the mail was returned to, which may hold the message's id",
    placeholder: "ADDRESS",
  }),
  maildir: text({
    brief: "Read the new mail of a Maildir, and move it to cur/",
    placeholder: "DIR",
  }),
};

export const command = buildCommand<FlagsOf<typeof FLAGS>, string[], Context>({
  async func({ returnedTo, maildir }, ...paths) {
    if (maildir !== undefined && paths.length > 0) {
      throw new MailqError(
        "usage",
        "Cannot read files and a Maildir in one call: give one of them",
      );
    }
    const settings = await this.settings("all");
    const store = await this.openQueue(settings, { create: false });
    const options = {
      returnedTo: returnedTo === undefined ? [] : [returnedTo],
      suppressAfter: settings.bounce.suppressAfter,
    };
    if (maildir !== undefined) {
      for await (const { name, end } of takeReturnedMaildir(store, maildir, options)) {
        printBounced(this.output, name, end);
      }
      return;
    }
    for (const input of openInputs(paths.length === 0 ? ["-"] : paths, this.machine.stdin)) {
      const bytes = await readBeginning(input);
      printBounced(this.output, sanitise(input.name), await takeBounced(store, bytes, options));
    }
  },
  parameters: {
    flags: FLAGS,
    positional: manyArguments({
      brief: "Returned mail, folders of *.eml, or - for stdin (the default)",
      placeholder: "FILE|DIR",
    }),
  },
  docs: {
    brief: "Read mail that came back, and note it with its recipients",
    fullDescription:
      `Reads what other systems return after a relay has taken a mail (RFC 3464, complaints, and the
words of Exim, qmail, Exchange, Notes and others), finds the message by its id in the
address it was returned to, by ENVID or Message-ID, and notes what is said of the
recipient: \`show\` tells it, the event recipient.bounced too. The recipient stays sent.
An address that does not exist is suppressed after bounce.suppress_after such mails.
What speaks of no message in the queue is said so, with exit status 0: nothing is answered.

  mailq bounced returned.eml
  mailq bounced --maildir /var/mail/bounces
  bounces: "|mailq bounced"     (aliases of a mail server)`,
  },
});

/** Prints a line a recipient; what speaks of no message is a note. */
function printBounced(output: Output, input: string, end: BouncedEnd): void {
  if (output.isJson) return output.json(shapeOf(input, end));
  if (end.id === null) return output.note(`${sanitise(input)}: ${end.why}`);
  for (const recipient of end.recipients) {
    const { address, isKnown, isSuppressed } = recipient;
    const more = isKnown ? " (known)" : isSuppressed ? " (suppressed from now on)" : "";
    output.line(sanitise(`${end.id}  ${address}: ${bounceText(recipient)}${more}`));
  }
}

function shapeOf(input: string, end: BouncedEnd): Record<string, unknown> {
  if (end.id === null) return { input, id: null, reason: end.why, recipients: [] };
  return {
    input,
    id: end.id,
    reason: null,
    recipients: end.recipients.map((one) => ({
      address: one.address,
      code: one.code,
      enhanced: one.enhanced,
      reply: one.reply,
      reporter: one.reporter,
      known: one.isKnown,
      suppressed: one.isSuppressed,
    })),
  };
}
