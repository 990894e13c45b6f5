// The table of commands: their names, in the order of help, and how each is loaded when it is
// wanted. Called by run.ts, parsed_command.ts and help.ts. A new command gets its name here and a
// file of that name in src/cli/commands.

import type { Command, RouteMap } from "@stricli/core";
import type { Context } from "./context.ts";

/** Every command, in the order in which help lists them. */
export const COMMAND_NAMES = [
  "enqueue",
  "compose",
  "tx",
  "sendmail",
  "send",
  "run",
  "retry",
  "resend",
  "hold",
  "release",
  "cancel",
  "pause",
  "resume",
  "list",
  "show",
  "status",
  "problems",
  "metrics",
  "explain",
  "test",
  "wait",
  "events",
  "hooks",
  "purge",
  "suppress",
  "bounced",
  "export",
  "backup",
  "restore",
  "copy",
  "migrate",
  "grant",
  "tui",
  "doctor",
  "login",
  "config",
  "init",
  "completions",
  "man",
] as const;
type CommandName = typeof COMMAND_NAMES[number];

export function isCommandName(name: string): name is CommandName {
  return COMMAND_NAMES.some((known) => known === name);
}

/** A command, or a group of them. */
export type CommandTarget = Command<Context> | RouteMap<Context>;

/** Loads a command when it is wanted. The specifier is no literal on purpose: Deno reads every
 *  module behind a literal `import()` at start, wanted or not, and `mailq enqueue` would pay for
 *  all of them. */
export async function loadCommand(name: CommandName): Promise<CommandTarget> {
  const module: { command: CommandTarget } = await import(
    import.meta.resolve(`../commands/${name}.ts`)
  );
  return module.command;
}
