// The help of the program and of each command, made of the same declarations that the arguments are
// read by (declared.ts). Loaded by run.ts when help is wanted. What a command's help says stands in
// its file.

import {
  argumentUsage,
  type DeclaredArgument,
  type DeclaredCommand,
  declaredCommand,
  declaredCommands,
  type DeclaredOption,
  optionTerm,
} from "./declared.ts";
import { GLOBAL_OPTIONS } from "./globals.ts";

const SUMMARY = "A mail queue in one file: takes mail in, relays it, shows and mends it";

/** Lines are broken to stay under this width. */
const WIDTH = 80;

/** A line of a table of options, arguments or commands. */
type HelpRow = readonly [term: string, meaning: string];

/** The help that `mailq COMMAND --help` prints: of the program, of a command, or of a command's
 *  command, whichever `words` lead to. */
export async function helpFor(words: readonly string[]): Promise<string> {
  const command = await declaredCommand(words);
  return command === null ? await programHelp() : commandHelp(command);
}

async function programHelp(): Promise<string> {
  const rows = (await declaredCommands()).map((
    { words, brief },
  ): HelpRow => [words.join(" "), brief]);
  return joined([
    section("USAGE", ["mailq COMMAND [OPTIONS] [ARGUMENTS]"]),
    `${SUMMARY}\n`,
    section("COMMANDS (`mailq COMMAND --help` says more)", table(rows)),
    globalSection(),
  ]);
}

function commandHelp({ words, about, options, args, commands }: DeclaredCommand): string {
  const usage = [
    `mailq ${words.join(" ")}`,
    ...commands.length > 0 ? ["COMMAND [OPTIONS] [ARGUMENTS]"] : [],
    ...options.length > 0 ? ["[OPTIONS]"] : [],
    ...args.map(argumentUsage),
  ].join(" ");
  return joined([
    section("USAGE", [usage]),
    `${about}\n`,
    section("COMMANDS", table(commands.map(({ words, brief }) => [words.at(-1) ?? "", brief]))),
    section("OPTIONS", table(options.map(optionRow))),
    section("ARGUMENTS", table(args.map((one) => [argumentTerm(one), one.brief]))),
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

function optionRow(option: DeclaredOption): HelpRow {
  const { letter, values, brief } = option;
  return [
    `${letter === null ? "   " : ""}${optionTerm(option)}`,
    values === null ? brief : `${values.join(", ")}: ${brief}`,
  ];
}

function argumentTerm({ placeholder, isRepeatable }: DeclaredArgument): string {
  return isRepeatable ? `${placeholder}...` : placeholder;
}
