// Runs one command line to its end. main.ts calls it with the arguments and gets the exit status.
// Which arguments a command takes is the library's to read (parsed_command.ts), but for the two
// commands that each message of a script calls.

import { MailqError } from "../../queue/errors.ts";
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
    if (argv.some(looksBroken)) await refuseBroken(argv, rest);
    output = new Output(machine.stdout, machine.stderr, globals, machine.env);
    if (globals.isVerbose) await useVerboseLog(output, machine);
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

/** What happens to mail while a command runs is told. */
async function useVerboseLog(output: Output, { clock }: Machine): Promise<void> {
  const { verboseLog }: typeof import("../log/log.ts") = await import(
    import.meta.resolve("../log/log.ts")
  );
  output.useLog(verboseLog(output.isJson, clock), { hasTexts: output.isJson });
}

function looksBroken(word: string): boolean {
  return word.includes("\ufffd");
}

/** sendmail(1)'s arguments are its own matter: a name that cannot be read must lose no mail. */
async function refuseBroken(argv: readonly string[], rest: readonly string[]): Promise<void> {
  const words = rest[0] === "sendmail" ? argv.slice(0, argv.indexOf("sendmail")) : argv;
  if (!words.some(looksBroken)) return;
  const { refuseBrokenWords }: typeof import("./broken_words.ts") = await import(
    import.meta.resolve("./broken_words.ts")
  );
  refuseBrokenWords(words);
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
  if (name === "help") return await printHelp(rest.slice(1), context);
  if (wantsHelp) return await printHelp(rest, context);
  if (name === undefined) return await runBare(context);
  context.command = name;
  if (await runPlain(name, rest.slice(1), context)) return context.exitStatus;
  const { runParsed }: typeof import("./parsed_command.ts") = await import(
    import.meta.resolve("./parsed_command.ts")
  );
  return await runParsed(rest, context);
}

/** Runs the commands that take each message of a script, and what a shell asks at a press of TAB, where
 *  nothing of their arguments is to be read by the command line's library: to load that costs 2 ms.
 *  False if it is another. */
async function runPlain(
  name: string,
  words: readonly string[],
  context: Context,
): Promise<boolean> {
  if (name === "sendmail") {
    const { sendmail }: typeof import("../sendmail/call.ts") = await import(
      import.meta.resolve("../sendmail/call.ts")
    );
    await sendmail(context, words);
    return true;
  }
  if (name === "completions" && words.length > 1) {
    const { isValueKind, printValues }: typeof import("../completions/values.ts") = await import(
      import.meta.resolve("../completions/values.ts")
    );
    const [kind, ...rest] = words;
    if (isValueKind(kind)) {
      await printValues(context, kind, rest);
      return true;
    }
  }
  const isPlain = words.every((word) => word === "-" || !word.startsWith("-"));
  if (name !== "enqueue" || !isPlain) return false;
  const { enqueue }: typeof import("../enqueue/call.ts") = await import(
    import.meta.resolve("../enqueue/call.ts")
  );
  await enqueue(context, {}, words);
  return true;
}

async function printHelp(words: readonly string[], context: Context): Promise<number> {
  const { showHelp }: typeof import("./show_help.ts") = await import(
    import.meta.resolve("./show_help.ts")
  );
  if (await showHelp(words, context)) return 0;
  // What is no command has no help, but a suggestion.
  return await runCommand(words.slice(0, 1), plain(context));
}

/** Bare `mailq`: the queue, if there is one, as the mailq(1) of every sendmail; else help. */
async function runBare(context: Context): Promise<number> {
  const { queueExists }: typeof import("../../store/open.ts") = await import(
    import.meta.resolve("../../store/open.ts")
  );
  const settings = await context.settings("all");
  if (queueExists(settings.queue)) return await runCommand(["list"], context);
  return await printHelp([], context);
}

/** The same without a wish for help. */
function plain({ machine, globals, output }: Context): Context {
  return new Context(machine, { ...globals, wantsHelp: false }, output);
}
