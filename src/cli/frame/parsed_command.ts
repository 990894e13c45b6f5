// Runs a command whose arguments the command line's library reads, and says what is wrong with
// them. run.ts calls it for all but the plainest calls; what a command does is in commands/.

/* Why there is a library (@stricli/core), though help and errors are ours: it reads flags in all
 * their spellings (`--limit 5`, `--limit=5`, `-w 5`, repeated ones, `--`), knows which arguments a
 * command takes, and finds the nearest name for a mistyped one. Above all it holds the declared
 * flags and the type of what a command gets against each other when the program is checked. Its help
 * and its errors have other words and exit statuses than ours, so we print our own from its
 * declarations and its error classes. Commands that a script calls for each message do without it:
 * see run.ts. */

import { buildApplication, buildRouteMap, type Command, run, text_en } from "@stricli/core";
import { MailqError } from "../../queue/errors.ts";
import { COMMAND_NAMES, type CommandTarget, isCommandName, loadCommand } from "./command_table.ts";
import type { Context } from "./context.ts";

/** Runs a command whose arguments the library reads; `rest` begins with its name. Returns the exit
 *  status. */
export async function runParsed(rest: readonly string[], context: Context): Promise<number> {
  const [name = ""] = rest;
  const routes = await loadRoutes(name);
  refuseAlone(routes[name], rest);
  const app = buildApplication(
    buildRouteMap({ routes, docs: { brief: "mailq" } }),
    {
      name: "mailq",
      scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
      documentation: { caseStyle: "convert-camel-to-kebab", disableAnsiColor: true },
      localization: {
        text: {
          ...text_en,
          noCommandRegisteredForInput: ({ input, corrections: [nearest] }) =>
            (input.startsWith("-")
              ? `There is no option ${input}`
              : `There is no command "${input}"`) +
            (nearest === undefined ? "" : `: did you mean ${nearest}?`),
          exceptionWhileParsingArguments: (error) => {
            context.misuse = { error };
            return "";
          },
          exceptionWhileRunningCommand: (error) => {
            context.failure = { error };
            return "";
          },
        },
      },
    },
  );
  await run(app, spellOut(rest, commandAt(routes[name], rest)), context);
  if (context.failure !== null) throw context.failure.error;
  const status = Number(context.process.exitCode ?? 0);
  // The library's own statuses are negative or above any of ours.
  if (status !== 0) throw usageError(await complaintOf(context), commandOf(routes[name], rest));
  return context.exitStatus;
}

/** The words that name the command, for its help. */
function commandOf(target: CommandTarget | undefined, words: readonly string[]): string {
  const [name = "", below = ""] = words;
  if (target === undefined) return "";
  if ("parameters" in target) return name;
  const isOne = target.getAllEntries().some((entry) => entry.name.original === below);
  return isOne ? `${name} ${below}` : name;
}

/** The command that the words lead to. */
function commandAt(
  target: CommandTarget | undefined,
  [, below = ""]: readonly string[],
): Command<Context> | undefined {
  if (target === undefined || "parameters" in target) return target;
  const entry = target.getAllEntries().find(({ name }) => name.original === below);
  return commandAt(entry?.target, []);
}

/** The words with `--name=value` as two words where the library would take it for an argument: the
 *  value is empty, as in `--from=`, or has a line end in it. Throws `usage` for a flag that takes no
 *  value. */
function spellOut(words: readonly string[], command: Command<Context> | undefined): string[] {
  const { flags = {}, aliases = {} } = command?.parameters ?? {};
  const end = words.indexOf("--");
  const stop = end < 0 ? words.length : end;
  const spelt = words.slice(0, stop).flatMap((word) => {
    const match = /^(--[a-z][a-z-.\d_]+|-[a-z])=(|[^]*[\n\r\u2028\u2029][^]*)$/i.exec(word);
    if (match === null) return [word];
    const [, name = "", value = ""] = match;
    const letters: Readonly<Record<string, string | undefined>> = aliases;
    const long = name.startsWith("--") ? name.slice(2) : letters[name.slice(1)] ?? "";
    const camel = long.replace(/-[a-z]/g, (pair) => pair.charAt(1).toUpperCase());
    const flag = Object.entries(flags).find(([one]) => one === camel)?.[1];
    // One that there is not: the library says so, and what may have been meant.
    if (flag === undefined) return [name];
    if (flag.kind !== "boolean" && flag.kind !== "counter") return [name, value];
    throw usageError(`Cannot use ${name} with a value: it takes none`, words[0] ?? "");
  });
  return [...spelt, ...words.slice(stop)];
}

/** A command that has commands does nothing by itself, unless one of them stands for all. */
function refuseAlone(target: CommandTarget | undefined, words: readonly string[]): void {
  const [name = "", below] = words;
  // There the library would tell its help, which is no success of the command that was meant.
  if (name === "--") throw usageError("Cannot use -- before a command", "");
  if (target === undefined || "parameters" in target) return;
  if (below !== undefined && below !== "--") return;
  if (below === undefined && target.getDefaultCommand() !== undefined) return;
  const names = target.getAllEntries().map((entry) => entry.name.original);
  throw usageError(`Cannot do ${name} alone: name one of ${names.join(", ")}`, name);
}

async function complaintOf({ misuse, complaint }: Context): Promise<string> {
  if (misuse === null) return complaint;
  const { complaintAbout }: typeof import("./complaint.ts") = await import(
    import.meta.resolve("./complaint.ts")
  );
  return complaintAbout(misuse.error);
}

/** The one command that is asked for, or all of them for suggestions. */
async function loadRoutes(
  name: string | undefined,
): Promise<Readonly<Record<string, CommandTarget>>> {
  const names = name !== undefined && isCommandName(name) ? [name] : COMMAND_NAMES;
  return Object.fromEntries(
    await Promise.all(names.map(async (one) => [one, await loadCommand(one)] as const)),
  );
}

function usageError(complaint: string, command: string): MailqError {
  const text = complaint.trim().replace(/\s*\n\s*/g, "; ");
  const help = command === "" ? "mailq --help" : `mailq ${command} --help`;
  return new MailqError("usage", `${text || "Cannot understand the command line"}; see ${help}`);
}
