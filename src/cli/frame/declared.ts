// What each command is called, takes and does, read from the declarations by which its arguments
// are parsed. The help, the shells' completions and the manual are made of it; how each looks is
// theirs.

import type { Command } from "@stricli/core";
import { kebab } from "./complaint.ts";
import { COMMAND_NAMES, type CommandTarget, isCommandName, loadCommand } from "./command_table.ts";
import type { Context } from "./context.ts";

/** An option of a command, or one that every command takes. */
export interface DeclaredOption {
  /** Without its dashes. */
  readonly name: string;
  readonly letter: string | null;
  /** What stands for its value; null for a switch. */
  readonly placeholder: string | null;
  /** The only values it has; null where there are others. */
  readonly values: readonly string[] | null;
  readonly isRepeatable: boolean;
  readonly brief: string;
}

export interface DeclaredArgument {
  readonly placeholder: string;
  readonly isOptional: boolean;
  readonly isRepeatable: boolean;
  readonly brief: string;
}

/** A command, or a group of them. */
export interface DeclaredCommand {
  /** Its words behind `mailq`. */
  readonly words: readonly string[];
  readonly brief: string;
  /** What its help says first: a paragraph or more, examples indented. */
  readonly about: string;
  readonly options: readonly DeclaredOption[];
  readonly args: readonly DeclaredArgument[];
  /** Of a group: its commands. */
  readonly commands: readonly DeclaredCommand[];
}

/** Every command, in the order of help. */
export async function declaredCommands(): Promise<readonly DeclaredCommand[]> {
  return await Promise.all(
    COMMAND_NAMES.map(async (name) => declare([name], await loadCommand(name))),
  );
}

/** The command that the words lead to, as far as they do; null where the first one leads to none. */
export async function declaredCommand(
  [name = "", below]: readonly string[],
): Promise<DeclaredCommand | null> {
  if (!isCommandName(name)) return null;
  const command = declare([name], await loadCommand(name));
  return command.commands.find(({ words }) => words[1] === below) ?? command;
}

function declare(words: readonly string[], target: CommandTarget): DeclaredCommand {
  const { brief } = target;
  const about = target.fullDescription ?? brief;
  if ("parameters" in target) {
    const args = argumentsOf(target);
    return { words, brief, about, options: optionsOf(target), args, commands: [] };
  }
  const entries = target.getAllEntries().filter((entry) => !entry.hidden);
  const commands = entries.map(({ name, target }) => declare([...words, name.original], target));
  return { words, brief, about, options: [], args: [], commands };
}

function optionsOf({ parameters }: Command<Context>): DeclaredOption[] {
  const { flags = {}, aliases = {} } = parameters;
  const letters = new Map(Object.entries(aliases).map(([letter, name]) => [name, letter]));
  return Object.entries(flags).filter(([, flag]) => flag.hidden !== true).map(([name, flag]) => ({
    name: kebab(name),
    letter: letters.get(name) ?? null,
    placeholder: flag.kind === "boolean" || flag.kind === "counter"
      ? null
      : flag.placeholder ?? "VALUE",
    values: flag.kind === "enum" ? flag.values : null,
    isRepeatable: "variadic" in flag && flag.variadic !== undefined,
    brief: flag.brief,
  }));
}

function argumentsOf({ parameters: { positional } }: Command<Context>): DeclaredArgument[] {
  if (positional === undefined) return [];
  if (positional.kind === "array") {
    const { placeholder = "ARGUMENT", brief } = positional.parameter;
    const isOptional = (positional.minimum ?? 0) === 0;
    return [{ placeholder, brief, isOptional, isRepeatable: true }];
  }
  return positional.parameters.map(({ placeholder = "ARGUMENT", brief, optional }) => ({
    placeholder,
    brief,
    isOptional: optional === true,
    isRepeatable: false,
  }));
}

/** An option as help shows it: `-s --subject TEXT`. */
export function optionTerm(
  { name, letter, placeholder }: Pick<DeclaredOption, "name" | "letter" | "placeholder">,
): string {
  const value = placeholder === null ? "" : ` ${placeholder}`;
  return `${letter === null ? "" : `-${letter} `}--${name}${value}`;
}

/** An argument as a usage line shows it: `[ID]...`. */
export function argumentUsage({ placeholder, isOptional, isRepeatable }: DeclaredArgument): string {
  return `${isOptional ? `[${placeholder}]` : placeholder}${isRepeatable ? "..." : ""}`;
}
