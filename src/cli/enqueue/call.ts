// `mailq enqueue`: makes options of its flags, opens its inputs and has them queued. Called for
// plain arguments without the library of the command line (frame/run.ts), else by
// commands/enqueue.ts. Queuing and printing are queue_mail.ts's.

import { type Input, openInputs } from "../../intake/sources/files.ts";
import type { IntakeOptions } from "../../intake/options.ts";
import { intakeOptions, type IntakeWishes } from "../../app/enqueue/options.ts";
import type { EnqueueFlags, QueueFlags } from "../flags/enqueue.ts";
import type { Context } from "../frame/context.ts";
import { queueAndPrint } from "./queue_mail.ts";
// Loaded together with this: later it would be a round of loading of its own.
import "../../store/sqlite/store.ts";

/** What flags wish for the mail. */
export function wishesOf(flags: QueueFlags): IntakeWishes {
  return {
    priority: flags.priority,
    sendAt: flags.sendAt,
    expiresInMs: flags.expiresIn,
    tags: flags.tag,
    key: flags.key,
    isHeld: flags.hold,
  };
}

/** `mailq enqueue`. */
export async function enqueue(
  context: Context,
  flags: EnqueueFlags,
  paths: readonly string[],
): Promise<void> {
  const settings = await context.settings("intake");
  const { machine, output } = context;
  const named = paths.length === 0 ? ["-"] : paths;
  const isSpool = flags.mbox || flags.mboxFormat !== undefined || flags.maildir !== undefined ||
    flags.watch || flags.setAside;
  if (flags.maildir === undefined && named.includes("-") && machine.stdin.isTerminal()) {
    output.note(
      `reading ${flags.jsonl ? "JSON lines" : "a message"} from the terminal; end it with Ctrl-D`,
    );
  }
  const { from, to } = flags;
  const options = intakeOptions(context.app, settings, { ...wishesOf(flags), from, to });
  if (isSpool) {
    const { enqueueSpool }: typeof import("./spool.ts") = await import(
      import.meta.resolve("./spool.ts")
    );
    return await enqueueSpool(context, settings, flags, paths, options);
  }
  const inputs = flags.jsonl
    ? await jsonlInputs(context, named, options)
    : openInputs(named, machine.stdin);
  await queueAndPrint(context, settings, inputs, options);
}

async function jsonlInputs(
  { machine }: Context,
  paths: readonly string[],
  options: IntakeOptions,
): Promise<AsyncIterable<Input>> {
  const { openJsonl }: typeof import("../../app/enqueue/jsonl.ts") = await import(
    import.meta.resolve("../../app/enqueue/jsonl.ts")
  );
  return openJsonl(paths, machine.stdin, options);
}
