import { DottedText } from "../../intake/sources/dotted_text.ts";
import type { DsnWishes, IntakeOptions } from "../../intake/options.ts";
import { ReadAhead } from "../../intake/sources/read_ahead.ts";
import { readSendmailArguments, type SendmailCall } from "../../intake/sendmail/arguments.ts";
import { stdinInput } from "../../intake/sources/files.ts";
import { MailqError } from "../../queue/errors.ts";
import type { Context } from "../../cli/frame/context.ts";
import { enqueueInto, intakeSettings, openDestination } from "../enqueue/enqueue.ts";
// Loaded together with this: later it would be a round of loading of its own.
import "../../store/sqlite/store.ts";

/** `mailq sendmail`, with sendmail(1)'s own arguments. */
export async function sendmail(context: Context, argv: readonly string[]): Promise<void> {
  const call = readSendmailArguments(argv);
  switch (call.mode) {
    case "deliver":
      return await deliver(context, call);
    case "smtp": {
      const { serveSmtp }: typeof import("./smtp.ts") = await import(
        import.meta.resolve("./smtp.ts")
      );
      return await serveSmtp(context);
    }
    case "verify": {
      const { verifyAddresses }: typeof import("./verify.ts") = await import(
        import.meta.resolve("./verify.ts")
      );
      return await verifyAddresses(context, call.recipients);
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
  const options: IntakeOptions = {
    from: call.sender,
    takesSenderFromHeader: false,
    to: call.recipients,
    headerRecipients: call.readsRecipients ? "always" : "never",
    noRecipientCode: "usage",
    fromName: call.fullName ?? machine.env.NAME ?? "",
    readsSchedule: false,
    dsn: wishesOf(call),
    settings: intakeSettings(settings, machine),
    now: context.now(),
    random: machine.random,
  };
  const destination = await openDestination(context, settings);
  const inputs = [stdinInput(text ?? machine.stdin)];
  await enqueueInto(context, destination, inputs, options, ([enqueued]) => {
    if (call.isVerbose && enqueued !== undefined) output.note(`queued as ${enqueued.id}`);
  });
  if (text?.hasEnd && await hasMore(context, input)) {
    output.warn(
      "the message ends at a line of a single dot; what follows it was not read (see -i)",
    );
  }
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
