import type { Settings } from "../../config/settings.ts";
import { type Input, openInputs } from "../../intake/sources/files.ts";
import type { IntakeOptions } from "../../intake/options.ts";
import type { Priority } from "../../queue/message.ts";
import type { Context } from "../../cli/frame/context.ts";
import { enqueueInputs, intakeSettings } from "./enqueue.ts";
// Loaded together with this: later it would be a round of loading of its own.
import "../../store/sqlite/store.ts";

/** Flags that say how mail is queued, whatever command takes it in. */
export interface QueueFlags {
  readonly priority?: Priority;
  readonly sendAt?: number;
  readonly expiresIn?: number;
  readonly tag?: readonly string[];
  readonly key?: string;
  readonly hold?: boolean;
}

/** The flags of `enqueue`. */
export interface EnqueueFlags extends QueueFlags {
  readonly from?: string;
  readonly to?: readonly string[];
  readonly jsonl?: boolean;
  readonly mbox?: boolean;
  readonly mboxFormat?: "mboxrd" | "mboxo";
  readonly maildir?: string;
  readonly watch?: boolean;
  readonly setAside?: boolean;
}

/** What intake is told by the settings and the flags of a command. */
export function intakeOptions(
  context: Context,
  settings: Settings,
  flags: QueueFlags & Pick<EnqueueFlags, "from" | "to">,
): IntakeOptions {
  const { machine } = context;
  return {
    from: flags.from,
    to: flags.to,
    priority: flags.priority,
    sendAt: flags.sendAt,
    expiresInMs: flags.expiresIn,
    tags: flags.tag,
    key: flags.key,
    isHeld: flags.hold,
    settings: intakeSettings(settings, machine),
    now: context.now(),
    random: machine.random,
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
  const options = intakeOptions(context, settings, flags);
  if (isSpool) {
    const { enqueueSpool }: typeof import("./spool.ts") = await import(
      import.meta.resolve("./spool.ts")
    );
    return await enqueueSpool(context, settings, flags, paths, options);
  }
  const inputs = flags.jsonl
    ? await jsonlInputs(context, named, options)
    : openInputs(named, machine.stdin);
  await enqueueInputs(context, settings, inputs, options);
}

async function jsonlInputs(
  context: Context,
  paths: readonly string[],
  options: IntakeOptions,
): Promise<AsyncIterable<Input>> {
  const { openJsonl }: typeof import("./jsonl.ts") = await import(
    import.meta.resolve("./jsonl.ts")
  );
  return openJsonl(context, paths, options);
}
