import { MailqError } from "../queue/errors.ts";
import { buildApplication, buildRouteMap, run, text_en } from "@stricli/core";
import { COMMAND_NAMES, type CommandTarget, isCommandName, loadCommand } from "./commands.ts";
import { Context, type Machine } from "./context.ts";
import { globalArguments, splitGlobals } from "./globals.ts";
import { Output, OutputClosed } from "./output.ts";

/** Runs one command line to its end and returns the exit status. */
export async function runCli(argv: readonly string[], machine: Machine): Promise<number> {
  return await runLine(await withCalledName(argv, machine), machine);
}

async function runLine(argv: readonly string[], machine: Machine): Promise<number> {
  // Errors of the command line itself must know of --json too.
  let output = printer(machine, argv.includes("--json") ? ["--json"] : []);
  try {
    const { globals, rest } = splitGlobals(argv);
    output = new Output(machine.stdout, machine.stderr, globals, machine.env);
    const context = new Context(machine, globals, output);
    let status: number;
    try {
      status = await runCommand(rest, context);
    } finally {
      await context.close();
      output.flush();
    }
    if (context.becomes === null) return status;
    return await runLine([...globalArguments(globals), ...context.becomes], machine);
  } catch (error) {
    if (error instanceof OutputClosed) return 0;
    output.failure(error);
    return error instanceof MailqError ? error.exit : 70;
  }
}

/** Commands too frequent to pay for the program's name, and not names of anybody's mailbox. */
const NAMELESS: readonly (string | undefined)[] = ["enqueue", "sendmail"];

/** The command line of a program that may be linked as sendmail(1) and its like. There a first word
 *  that is one of our commands is a recipient: `sendmail list` must not lose the list's mail. */
async function withCalledName(
  argv: readonly string[],
  machine: Machine,
): Promise<readonly string[]> {
  if (NAMELESS.includes(argv[0])) return argv;
  const name = await machine.calledName();
  if (name === "sendmail") return ["sendmail", ...argv];
  return name === "newaliases" ? ["sendmail", "-bi"] : argv;
}

function printer(machine: Machine, argv: readonly string[]): Output {
  return new Output(machine.stdout, machine.stderr, splitGlobals(argv).globals, machine.env);
}

async function runCommand(rest: readonly string[], context: Context): Promise<number> {
  const { wantsHelp, wantsVersion } = context.globals;
  const [name] = rest;
  if (wantsVersion) {
    const { printVersion }: typeof import("./print_version.ts") = await import(
      import.meta.resolve("./print_version.ts")
    );
    printVersion(context);
    return 0;
  }
  if (name === "help") return await tellHelp(rest.slice(1), context);
  if (wantsHelp) return await tellHelp(rest, context);
  if (name === undefined) return await runBare(context);
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
            `There is no command "${input}"` +
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
  // Whatever sendmail's arguments look like, they are its own to read.
  await run(app, name === "sendmail" ? [name, "--", ...rest.slice(1)] : rest, context);
  if (context.failure !== null) throw context.failure.error;
  const status = Number(context.process.exitCode ?? 0);
  // The library's own statuses are negative or above any of ours.
  if (status !== 0) throw usageError(await complaintOf(context), name);
  return context.exitStatus;
}

async function tellHelp(words: readonly string[], context: Context): Promise<number> {
  const [name] = words;
  // What is no command has no help, but a suggestion.
  if (name !== undefined && !isCommandName(name)) return await runCommand([name], plain(context));
  const { helpFor }: typeof import("./help.ts") = await import(import.meta.resolve("./help.ts"));
  context.output.text(await helpFor(words));
  return 0;
}

/** A command that has commands does nothing by itself. */
function refuseAlone(target: CommandTarget | undefined, words: readonly string[]): void {
  const [name = "", below] = words;
  if (target === undefined || "parameters" in target || below !== undefined) return;
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

function usageError(complaint: string, command: string | undefined): MailqError {
  const text = complaint.trim().replace(/\s*\n\s*/g, "; ");
  const help = command !== undefined && isCommandName(command)
    ? `mailq ${command} --help`
    : "mailq --help";
  return new MailqError("usage", `${text || "Cannot understand the command line"}; see ${help}`);
}

/** Bare `mailq`: the queue, if there is one, as the mailq(1) of every sendmail; else help. */
async function runBare(context: Context): Promise<number> {
  const { queueExists }: typeof import("./queue_path.ts") = await import(
    import.meta.resolve("./queue_path.ts")
  );
  const settings = await context.settings("all");
  if (queueExists(settings.queue)) return await runCommand(["list"], context);
  return await tellHelp([], context);
}

/** The same without a wish for help. */
function plain({ machine, globals, output }: Context): Context {
  return new Context(machine, { ...globals, wantsHelp: false }, output);
}
