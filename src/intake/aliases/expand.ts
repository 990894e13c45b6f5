// Follows a local name through the aliases to whoever gets its mail. Called by local_mail.ts for
// local recipients and names in the header, and by the check of the file (`newaliases`). What
// remains local is given back, for the administrator's address or the name of this host.

import type { AliasEntry, Aliases, AliasProblem, AliasTarget } from "./parse.ts";

/** Whom a name leads to. */
export interface Expansion {
  /** The ends of all ways, in their order, without duplicates. */
  readonly ends: readonly AliasEnd[];
  /** What went wrong on the way, such as a loop. */
  readonly problems: readonly AliasProblem[];
}

/** Where a way through the aliases ends. */
export interface AliasEnd {
  /** An address elsewhere, or a local name that no alias leads further from. */
  readonly target: string;
  readonly isLocal: boolean;
  /** From the name that was asked for to the target, which is its last. */
  readonly way: readonly string[];
}

/** How many names one name may lead to, all in all: a file of others decides what is read here. */
const MOST_TARGETS = 10_000;

/** Whoever gets mail for the local name `name`. `localPart` tells the local name of an address of
 *  this machine, and null for an address elsewhere. A loop is told, and its name counts as one that
 *  no alias leads further from; a name that leads to itself is simply local, as Sendmail has it. */
export function expandAlias(
  aliases: Aliases,
  name: string,
  localPart: (address: string) => string | null,
): Expansion {
  const ends = new Map<string, AliasEnd>();
  const problems = new Map<string, AliasProblem>();
  let left = MOST_TARGETS;

  const note = (line: number, text: string) => {
    if (!problems.has(text)) problems.set(text, { line, text });
  };
  const end = (key: string, target: string, isLocal: boolean, path: readonly string[]) => {
    if (!ends.has(key)) ends.set(key, { target, isLocal, way: [...path, target] });
  };
  const walk = (target: AliasTarget, line: number, path: readonly string[]): void => {
    if (left-- <= 0) {
      note(line, `${name} leads to more than ${MOST_TARGETS} names: the rest is left out`);
      return;
    }
    const local = target.text.includes("@") ? localPart(target.text) : target.text;
    if (local === null) {
      const at = target.text.lastIndexOf("@");
      const key = target.text.slice(0, at) + target.text.slice(at).toLowerCase();
      return end(key, target.text, false, path);
    }
    const key = local.toLowerCase();
    const entry = target.isFinal ? undefined : entryOf(aliases, key);
    const isItself = path.at(-1)?.toLowerCase() === key;
    const isLoop = !isItself && path.some((one) => one.toLowerCase() === key);
    if (isLoop) note(line, `${loopText([...path, local])} goes round in a loop`);
    if (entry === undefined || isItself || isLoop) return end(local, local, true, path);
    for (const problem of entry.problems) note(problem.line, problem.text);
    if (entry.targets.length === 0) {
      note(entry.line, `${local} leads to nobody that mailq can send to`);
      return end(local, local, true, path);
    }
    for (const next of entry.targets) walk(next, entry.line, [...path, local]);
  };

  walk({ text: name, isFinal: false }, 0, []);
  return { ends: [...ends.values()], problems: [...problems.values()] };
}

/** The loop that a way ends with, from the first of its names in the alphabet on: it is one loop, from
 *  whatever name it was come to. */
function loopText(way: readonly string[]): string {
  const names = way.map((name) => name.toLowerCase());
  const loop = names.slice(names.indexOf(names.at(-1) ?? ""), -1);
  const first = loop.indexOf(loop.toSorted()[0] ?? "");
  return [...loop.slice(first), ...loop.slice(0, first + 1)].join(" → ");
}

function entryOf({ entries }: Aliases, name: string): AliasEntry | undefined {
  return entries.get(name) ?? entries.get("*") ?? entries.get("default");
}
