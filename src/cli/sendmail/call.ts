// `mailq sendmail`, with sendmail(1)'s own arguments: queues the message on stdin, or becomes what
// the mode asks for. Called by frame/run.ts without the library of the command line. How arguments
// are read is src/intake/sendmail's; -bs, -bv and -bi are loaded when they are wanted.

import { DottedText } from "../../intake/sources/dotted_text.ts";
import type { DsnWishes } from "../../intake/options.ts";
import { ReadAhead } from "../../intake/sources/read_ahead.ts";
import { readSendmailArguments, type SendmailCall } from "../../intake/sendmail/arguments.ts";
import { stdinInput } from "../../intake/sources/files.ts";
import { MailqError } from "../../queue/errors.ts";
import { intakeOptions } from "../../app/enqueue/options.ts";
import { queueMail } from "../enqueue/queue_mail.ts";
import type { Context } from "../frame/context.ts";
// Loaded together with this: later it would be a round of loading of its own.
import "../../store/sqlite/store.ts";

/** `mailq sendmail`, with sendmail(1)'s own arguments. */
export async function sendmail(context: Context, argv: readonly string[]): Promise<void> {
  const call = readSendmailArguments(argv);
  switch (call.mode) {
    case "deliver":
      return await deliver(context, call);
    case "smtp": {
      const { converse }: typeof import("./converse.ts") = await import(
        import.meta.resolve("./converse.ts")
      );
      return await converse(context);
    }
    case "verify": {
      const { verify }: typeof import("./verify.ts") = await import(
        import.meta.resolve("./verify.ts")
      );
      return await verify(context, call.recipients);
    }
    case "aliases": {
      const { newaliases }: typeof import("./aliases.ts") = await import(
        import.meta.resolve("./aliases.ts")
      );
      return await newaliases(context);
    }
    case "list":
      context.becomes = ["list"];
      return;
    case "send":
      context.becomes = ["send", ...verbosely(call), ...(call.id === undefined ? [] : [call.id])];
      return;
    case "service":
      context.becomes = ["run", ...verbosely(call)];
      return;
    case "nothing":
  }
}

async function deliver(context: Context, call: SendmailCall): Promise<void> {
  const { machine, output } = context;
  if (call.recipients.length === 0 && !call.readsRecipients) {
    throw new MailqError(
      "usage",
      "Cannot queue a message without recipients: give at least one address, or -t to take them " +
        "from To, Cc and Bcc",
    );
  }
  const settings = await context.settings("intake");
  if (machine.stdin.isTerminal()) {
    const end = call.ignoresDots ? "Ctrl-D" : "a line of a single dot, or Ctrl-D";
    output.note(`reading a message from the terminal; end it with ${end}`);
  }
  const input = new ReadAhead(machine.stdin);
  const text = call.ignoresDots
    ? null
    : new DottedText(input, { takesBareLf: true, dropsDots: false });
  const options = intakeOptions(context.app, settings, {
    from: call.sender,
    takesSenderFromHeader: false,
    qualifiesHeader: true,
    to: call.recipients,
    headerRecipients: call.readsRecipients ? "always" : "never",
    noRecipientCode: "usage",
    fromName: readableName(call.fullName ?? machine.env.NAME ?? "", context),
    readsSchedule: false,
    dsn: wishesOf(call),
  });
  const inputs = [stdinInput(text ?? machine.stdin)];
  await queueMail(context, settings, inputs, options, ({ messages: [one] }) => {
    if (call.isVerbose && one !== undefined) output.note(`queued as ${one.id}`);
  });
  if (text?.hasEnd && await hasMore(context, input)) {
    output.warn(
      "the message ends at a line of a single dot; what follows it was not read (see -i)",
    );
  }
}

/** A name for From, without one that cannot be read: it is no reason to lose mail. */
function readableName(name: string, { output }: Context): string {
  if (!name.includes("\ufffd")) return name;
  output.warn("the sender's name is left out: it is no UTF-8");
  return "";
}

function wishesOf({ notify, ret, envid }: SendmailCall): DsnWishes | undefined {
  if (notify === undefined && ret === undefined && envid === undefined) return undefined;
  const all = notify === undefined ? null : { notify, orcpt: null };
  return { ret: ret ?? null, envid: envid ?? null, all };
}

/** How long a writer that is not done has to show it. */
const WAIT_MS = 20;

/** Whether anything comes behind the dot. A writer that waits for us to end is not waited for. */
async function hasMore({ machine }: Context, input: ReadAhead): Promise<boolean> {
  if (input.bytes.length > 0) return true;
  if (machine.stdin.isTerminal()) return false;
  const stop = new AbortController();
  const next = machine.stdin.read(new Uint8Array(1)).catch(() => null);
  const count = await Promise.race([next, machine.wait(WAIT_MS, stop.signal)]);
  stop.abort();
  return count === 1;
}

function verbosely(call: SendmailCall): string[] {
  return call.isVerbose ? ["--verbose"] : [];
}
