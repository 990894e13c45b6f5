// Reads an aliases file as Sendmail and Postfix write it (aliases(5)): who gets the mail of a local
// name. Used by expand.ts at intake and by `newaliases`, which only checks. What we do not do, such
// as running a command, becomes a problem with its line; no entry is dropped without one.

import { isAddress } from "../address/address_syntax.ts";

/** What one name stands for. */
export interface AliasEntry {
  /** Where in the file it is, from 1. */
  readonly line: number;
  /** Addresses and local names, as written but without quotes. */
  readonly targets: readonly AliasTarget[];
  /** What of it is not used. */
  readonly problems: readonly AliasProblem[];
}

export interface AliasTarget {
  readonly text: string;
  /** Written with a backslash: it is looked up no further. */
  readonly isFinal: boolean;
}

/** Something in the file that mailq cannot use. */
export interface AliasProblem {
  readonly line: number;
  readonly text: string;
}

export interface Aliases {
  /** By name in small letters. `*` and `default` stand for every other local name. */
  readonly entries: ReadonlyMap<string, AliasEntry>;
  readonly problems: readonly AliasProblem[];
}

/** Reads the text of an aliases file. Never throws: what cannot be read is a problem. */
export function parseAliases(text: string): Aliases {
  const entries = new Map<string, AliasEntry>();
  const problems: AliasProblem[] = [];
  for (const { line, text: entry } of joinLines(text)) {
    const words = splitEntry(entry);
    if (words === null) {
      problems.push({
        line,
        text: `Cannot read ${JSON.stringify(entry.trim())}: expected NAME: TARGET, …`,
      });
      continue;
    }
    const name = words.name.toLowerCase();
    const earlier = entries.get(name);
    if (earlier !== undefined) {
      problems.push({
        line,
        text: `${words.name} is written twice (first in line ${earlier.line}); the first counts`,
      });
      continue;
    }
    const targets: AliasTarget[] = [];
    const refused: AliasProblem[] = [];
    for (const target of words.targets) {
      const refusal = refusalOf(target.text);
      if (refusal === null) targets.push(target);
      else {
        const text = `${words.name}: ${JSON.stringify(target.text)} is not used: ${refusal}`;
        refused.push({ line, text });
      }
    }
    entries.set(name, { line, targets, problems: refused });
    problems.push(...refused);
  }
  return { entries, problems };
}

/** Entries of the file, each with its continuation lines: those that begin with a blank. */
function joinLines(text: string): { readonly line: number; readonly text: string }[] {
  const joined: { line: number; text: string }[] = [];
  for (const [index, raw] of text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/).entries()) {
    if (/^\s*(#|$)/.test(raw)) continue;
    const last = joined.at(-1);
    // Sendmail knows no comment behind a target, but many write one.
    const text = raw.includes('"') ? raw : raw.replace(/\s#.*$/, "");
    if (/^[ \t]/.test(text) && last !== undefined) last.text += ` ${text.trim()}`;
    else joined.push({ line: index + 1, text });
  }
  return joined;
}

/** Name and targets of an entry; null where there is no `NAME:`, or a quote without its end. */
function splitEntry(entry: string): { name: string; targets: AliasTarget[] } | null {
  const found = /^\s*(?:"((?:[^"\\]|\\.)*)"|([^\s":#]+))\s*:(.*)$/s.exec(entry);
  if (found === null) return null;
  const [, quoted, plain = "", rest = ""] = found;
  const name = (quoted === undefined ? plain : quoted.replace(/\\(.)/g, "$1")).trim();
  if (name === "" || !/^(?:[^"]|"(?:[^"\\]|\\.)*")*$/.test(rest)) return null;
  return { name, targets: splitTargets(rest) };
}

/** Targets are parted by commas outside of quotes. */
function splitTargets(text: string): AliasTarget[] {
  const targets: AliasTarget[] = [];
  // A quoted local part, or a whole target in quotes such as "|command a,b".
  for (const [piece] of text.matchAll(/(?:"(?:[^"\\]|\\.)*"|[^",])+/g)) {
    const trimmed = piece.trim();
    if (trimmed === "") continue;
    const whole = /^"((?:[^"\\]|\\.)*)"$/.exec(trimmed);
    const unquoted = whole === null ? trimmed : (whole[1] ?? "").replace(/\\(.)/g, "$1").trim();
    const isFinal = /^\\[^\\]/.test(unquoted);
    targets.push({ text: isFinal ? unquoted.slice(1) : unquoted, isFinal });
  }
  return targets;
}

/** Why a target is not used; null where it is an address or a name. */
function refusalOf(target: string): string | null {
  if (/^:include:/i.test(target)) return "mailq reads no lists from other files";
  if (target.startsWith("|")) return "mailq runs no commands for mail";
  if (target.startsWith("/")) return "mailq writes no mail into files by aliases";
  if (target.startsWith(":")) return "mailq does not know this kind of target";
  if (target.includes("@")) return isAddress(target) ? null : "it is no address";
  return /^[^\s\p{C}<>(),;]+(?: [^\s\p{C}<>(),;]+)*$/u.test(target) ? null : "it is no name";
}
