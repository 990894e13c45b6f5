// The help of the program and of each command, made of the same declarations that the arguments are
// read by. Loaded by run.ts when help is wanted. What a command's help says stands in its file.

import type { Command } from "@stricli/core";
import { kebab } from "./complaint.ts";
import { COMMAND_NAMES, type CommandTarget, isCommandName, loadCommand } from "./command_table.ts";
import type { Context } from "./context.ts";
import { GLOBAL_OPTIONS } from "./globals.ts";

const SUMMARY = "A mail queue in one file: takes mail in, relays it, shows and mends it";

/** Lines are broken to stay under this width. */
const WIDTH = 80;

/** A line of a table of options, arguments or commands. */
type HelpRow = readonly [term: string, meaning: string];

/** The help that `mailq COMMAND --help` prints: of the program, of a command, or of a command's
 *  command, whichever `words` lead to. */
export async function helpFor(words: readonly string[]): Promise<string> {
  const [name, below] = words;
  if (name === undefined || !isCommandName(name)) return await programHelp();
  const target = await loadCommand(name);
  const inner = "parameters" in target || below === undefined
    ? undefined
    : target.getRoutingTargetForInput(below);
  return inner === undefined
    ? targetHelp(`mailq ${name}`, target)
    : targetHelp(`mailq ${name} ${below}`, inner);
}

async function programHelp(): Promise<string> {
  const rows = await Promise.all(
    COMMAND_NAMES.map(async (name): Promise<HelpRow> => [name, (await loadCommand(name)).brief]),
  );
  return joined([
    section("USAGE", ["mailq COMMAND [OPTIONS] [ARGUMENTS]"]),
    `${SUMMARY}\n`,
    section("COMMANDS (`mailq COMMAND --help` says more)", table(rows)),
    globalSection(),
  ]);
}

function targetHelp(path: string, target: CommandTarget): string {
  const about = `${target.fullDescription ?? target.brief}\n`;
  if (!("parameters" in target)) {
    const entries = target.getAllEntries().filter((entry) => !entry.hidden);
    return joined([
      section("USAGE", [`${path} COMMAND [OPTIONS] [ARGUMENTS]`]),
      about,
      section("COMMANDS", table(entries.map(({ name, target }) => [name.original, target.brief]))),
      globalSection(),
    ]);
  }
  const positionals = positionalsOf(target);
  const options = optionRows(target);
  const usage = [
    path,
    ...options.length === 0 ? [] : ["[OPTIONS]"],
    ...positionals.map(({ usage }) => usage),
  ].join(" ");
  return joined([
    section("USAGE", [usage]),
    about,
    section("OPTIONS", table(options)),
    section("ARGUMENTS", table(positionals.map(({ term, brief }) => [term, brief]))),
    globalSection(),
  ]);
}

function joined(sections: readonly string[]): string {
  return sections.filter((text) => text !== "").join("\n");
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? "" : [title, ...lines.map((line) => `  ${line}`), ""].join("\n");
}

function globalSection(): string {
  return section("GLOBAL OPTIONS (before or after the command)", table(GLOBAL_OPTIONS));
}

/** Two columns, the second one broken into lines. */
function table(rows: readonly HelpRow[]): string[] {
  const left = Math.max(0, ...rows.map(([term]) => term.length)) + 2;
  return rows.flatMap(([term, meaning]) =>
    wrap(meaning, WIDTH - left - 2).map((line, i) => (i === 0 ? term : "").padEnd(left) + line)
  );
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function optionRows({ parameters }: Command<Context>): HelpRow[] {
  const { flags = {}, aliases = {} } = parameters;
  const letters = new Map(Object.entries(aliases).map(([letter, name]) => [name, letter]));
  return Object.entries(flags).filter(([, flag]) => flag.hidden !== true).map(([name, flag]) => {
    const letter = letters.get(name);
    const value = flag.kind === "boolean" || flag.kind === "counter"
      ? ""
      : ` ${flag.placeholder ?? "VALUE"}`;
    const brief = flag.kind === "enum" ? `${flag.values.join(", ")}: ${flag.brief}` : flag.brief;
    return [`${letter === undefined ? "   " : `-${letter} `}--${kebab(name)}${value}`, brief];
  });
}

interface Positional {
  readonly term: string;
  readonly usage: string;
  readonly brief: string;
}

function positionalsOf({ parameters }: Command<Context>): Positional[] {
  const { positional } = parameters;
  if (positional === undefined) return [];
  if (positional.kind === "array") {
    const { placeholder = "ARGUMENT", brief } = positional.parameter;
    const isNeeded = (positional.minimum ?? 0) > 0;
    const term = `${placeholder}...`;
    return [{ term, brief, usage: isNeeded ? term : `[${placeholder}]...` }];
  }
  return positional.parameters.map(({ placeholder = "ARGUMENT", brief, optional }) => ({
    term: placeholder,
    brief,
    usage: optional === true ? `[${placeholder}]` : placeholder,
  }));
}
