// The completion script of each shell: its own part, which finds out what is being typed, stands in
// a file of the shell's language (mailq.bash and so on); the tables it looks into are written here.
// Called by `mailq completions`.

import type { DeclaredCommand } from "../frame/declared.ts";
import { PAGES } from "../manual/pages.ts";
import bash from "./mailq.bash" with { type: "text" };
import fish from "./mailq.fish" with { type: "text" };
import zsh from "./mailq.zsh" with { type: "text" };
import { type Choice, makeTables, type Tables } from "./tables.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = typeof SHELLS[number];

const SCRIPTS: Readonly<Record<Shell, string>> = { bash, zsh, fish };

/** Where a shell's own part has the tables. */
const PLACE = "#TABLES#";

/** The whole script for one shell. */
export function scriptFor(
  shell: Shell,
  commands: readonly DeclaredCommand[],
): string {
  const tables = makeTables(commands, PAGES.map(({ name }) => name));
  const text = shell === "fish" ? fishTables(tables) : shTables(tables);
  return SCRIPTS[shell].replace(PLACE, () => text);
}

/** In the language that bash and zsh share: functions that put what they find into `_mailq_found`
 *  and fail where there is nothing. */
function shTables({ commands, options, values, args }: Tables): string {
  return [
    shFunction("_mailq_commands", mapped(commands, choiceLines)),
    shFunction("_mailq_options", mapped(options, choiceLines)),
    shFunction("_mailq_value", values),
    shFunction("_mailq_argument", args),
  ].join("\n\n");
}

function shFunction(name: string, rows: ReadonlyMap<string, string>): string {
  const cases = [...byResult(rows)].map(([result, keys]) =>
    `    ${keys.map(shQuoted).join(" | ")}) _mailq_found=${shQuoted(result)} ;;`
  );
  return [`${name}() {`, '  case "$1" in', ...cases, "    *) return 1 ;;", "  esac", "}"].join(
    "\n",
  );
}

function fishTables({ commands, options, values, args }: Tables): string {
  return [
    fishFunction("__mailq_commands", mapped(commands, choiceLines)),
    fishFunction("__mailq_options", mapped(options, choiceLines)),
    fishFunction("__mailq_value", values),
    fishFunction("__mailq_argument", args),
  ].join("\n\n");
}

function fishFunction(name: string, rows: ReadonlyMap<string, string>): string {
  const cases = [...byResult(rows)].flatMap(([result, keys]) => [
    // Without a star: in `case` it would mean anything.
    `        case ${keys.map((key) => fishQuoted(key.replace("*", "every"))).join(" ")}`,
    `            printf '%s\\n' ${result.split("\n").map(fishQuoted).join(" ")}`,
  ]);
  const otherwise = ["        case '*'", "            return 1"];
  return [`function ${name}`, "    switch $argv[1]", ...cases, ...otherwise, "    end", "end"]
    .join("\n");
}

/** Rows that say the same are one. */
function byResult(rows: ReadonlyMap<string, string>): ReadonlyMap<string, readonly string[]> {
  return new Map(
    [...Map.groupBy(rows, ([, result]) => result)]
      .filter(([result]) => result !== "")
      .map(([result, some]) => [result, some.map(([key]) => key)]),
  );
}

function mapped<T>(
  rows: ReadonlyMap<string, T>,
  toText: (value: T) => string,
): ReadonlyMap<string, string> {
  return new Map([...rows].map(([key, value]) => [key, toText(value)]));
}

/** A line each: the word, a tab, what it means. */
function choiceLines(choices: readonly Choice[]): string {
  return choices.map(([word, meaning]) => `${word}\t${meaning}`).join("\n");
}

function shQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function fishQuoted(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}
