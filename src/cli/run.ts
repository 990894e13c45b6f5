import { MailqError } from "../queue/errors.ts";
import { buildApplication, buildRouteMap, run, text_en } from "@stricli/core";
import { COMMAND_NAMES, isCommandName, loadCommand } from "./commands.ts";
import { Context, type Machine } from "./context.ts";
import { GLOBALS_HELP, splitGlobals } from "./globals.ts";
import { Output, OutputClosed } from "./output.ts";

/** Runs one command line to its end and returns the exit status. */
export async function runCli(argv: readonly string[], machine: Machine): Promise<number> {
  // Errors of the command line itself must know of --json too.
  let output = printer(machine, argv.includes("--json") ? ["--json"] : []);
  try {
    const { globals, rest } = splitGlobals(argv);
    output = new Output(machine.stdout, machine.stderr, globals, machine.env);
    const context = new Context(machine, globals, output);
    try {
      return await runCommand(rest, context);
    } finally {
      await context.close();
      output.flush();
    }
  } catch (error) {
    if (error instanceof OutputClosed) return 0;
    output.failure(error);
    return error instanceof MailqError ? error.exit : 70;
  }
}

function printer(machine: Machine, argv: readonly string[]): Output {
  return new Output(machine.stdout, machine.stderr, splitGlobals(argv).globals, machine.env);
}

async function runCommand(rest: readonly string[], context: Context): Promise<number> {
  const { wantsHelp, wantsVersion } = context.globals;
  const name = rest[0];
  if (wantsVersion) {
    const { printVersion } = await import("./print_version.ts");
    printVersion(context);
    return 0;
  }
  if (name === undefined && !wantsHelp) return await runBare(context);
  const inputs = wantsHelp
    ? [...(name !== undefined && isCommandName(name) ? [name] : []), "--help"]
    : [...rest];
  const app = buildApplication(
    buildRouteMap({ routes: await loadRoutes(name), docs: { brief: SUMMARY } }),
    {
      name: "mailq",
      scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
      documentation: {
        caseStyle: "convert-camel-to-kebab",
        disableAnsiColor: true,
        onlyRequiredInUsageLine: true,
      },
      localization: {
        text: {
          ...text_en,
          exceptionWhileRunningCommand: (error) => {
            context.failure = { error };
            return "";
          },
        },
      },
    },
  );
  await run(app, inputs, context);
  if (context.failure !== null) throw context.failure.error;
  const status = Number(context.process.exitCode ?? 0);
  // The library's own statuses are negative or above any of ours.
  if (status !== 0) throw usageError(context.complaint, name);
  if (wantsHelp) context.output.text(`\n${GLOBALS_HELP}`);
  return context.exitStatus;
}

const SUMMARY = "A mail queue in one file: takes mail in, relays it, shows and mends it";

/** The one command that is asked for, or all of them for help and for suggestions. */
async function loadRoutes(name: string | undefined) {
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

/** Bare `mailq`: the queue at a terminal, if there is one; else help. */
async function runBare(context: Context): Promise<number> {
  const { exists } = await import("../store/open.ts");
  const settings = await context.settings("all");
  if (context.machine.stdout.isTerminal() && exists(settings.queue)) {
    return await runCommand(["list"], context);
  }
  return await runCommand([], asking(context));
}

function asking(context: Context): Context {
  return new Context(context.machine, { ...context.globals, wantsHelp: true }, context.output);
}
