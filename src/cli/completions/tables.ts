// The tables of a completion script: what stands behind which command, and where the values of its
// options and arguments come from. Made of the commands' own declarations; `scriptFor` of script.ts
// writes them in each shell's language.

import type { DeclaredCommand } from "../frame/declared.ts";
import { GLOBAL_OPTIONS } from "../frame/globals.ts";
import { sourceOf } from "./source.ts";

/** A word that may come next, and what it means. */
export type Choice = readonly [word: string, meaning: string];

/** One question of a script, answered by the words it has so far, without options. */
export interface Tables {
  /** The commands of a group, by its words; of the program by `""`. */
  readonly commands: ReadonlyMap<string, readonly Choice[]>;
  /** The options of a command, those of every command by `*`. */
  readonly options: ReadonlyMap<string, readonly Choice[]>;
  /** The sources of values, by command and option (`list --status`); those of every command's
   *  options by `* --queue`. Switches are in none. */
  readonly values: ReadonlyMap<string, string>;
  /** The sources of arguments, by command. */
  readonly args: ReadonlyMap<string, string>;
}

/** The tables of the program's commands; `help` may be asked for each, and for `topics`. */
export function makeTables(
  commands: readonly DeclaredCommand[],
  topics: readonly string[],
): Tables {
  const all = commands.flatMap((command) => [command, ...command.commands]);
  const globals = GLOBAL_OPTIONS.map(readGlobal);
  const values = new Map<string, string>();
  for (const { name, placeholder } of globals) {
    if (placeholder !== null) values.set(`* --${name}`, sourceOf({ placeholder }));
  }
  const groups = new Map([["", withHelp(choicesOf(commands))]]);
  const options = new Map([["*", globals.flatMap(choicesOfOption)]]);
  const names = commands.flatMap(({ words }) => words);
  const args = new Map([["help", `words ${[...names, ...topics].join(" ")}`]]);
  for (const command of all) {
    const path = command.words.join(" ");
    if (command.commands.length > 0) groups.set(path, choicesOf(command.commands));
    options.set(path, command.options.flatMap(choicesOfOption));
    for (const option of command.options) {
      const { name, letter, placeholder } = option;
      if (placeholder === null) continue;
      const source = sourceOf({ ...option, placeholder });
      values.set(`${path} --${name}`, source);
      if (letter !== null) values.set(`${path} -${letter}`, source);
    }
    const [argument] = command.args;
    if (argument !== undefined) args.set(path, sourceOf(argument));
  }
  return { commands: groups, options, values, args };
}

function withHelp(choices: readonly Choice[]): readonly Choice[] {
  return [...choices, ["help", "Print help about a command or a topic"]];
}

function choicesOf(commands: readonly DeclaredCommand[]): readonly Choice[] {
  return commands.map(({ words, brief }): Choice => [words.at(-1) ?? "", brief]);
}

interface OptionWords {
  readonly name: string;
  readonly letter: string | null;
  readonly brief: string;
}

function choicesOfOption({ name, letter, brief }: OptionWords): Choice[] {
  const long: Choice = [`--${name}`, brief];
  return letter === null ? [long] : [long, [`-${letter}`, brief]];
}

/** An option of every command, of its row in the help: `-q --quiet`, `   --queue PATH`. */
function readGlobal([option, brief]: readonly [string, string]) {
  const [, letter = null, name = "", placeholder = null] =
    /^(?:-(\w)| {2}) --([\w-]+)(?: (\S+))?$/.exec(option) ?? [];
  return { name, letter, placeholder, brief };
}
