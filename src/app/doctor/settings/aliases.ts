// The check "aliases": whether the file with the mail of local names can be read, and what in it is not
// used. How it is read is src/intake/aliases'.

import { parseAliases } from "../../../intake/aliases/parse.ts";
import { type Check, fault, type Finding, ok, warning } from "../check.ts";

interface Facts {
  readonly path: string;
  /** Somebody wrote the path down. */
  readonly isGiven: boolean;
  /** Null where there is no such file. */
  readonly text: string | null;
  /** Who else gets the mail of local names; null = nobody. */
  readonly adminAddress: string | null;
}

/** So many problems are told one by one. */
const SHOWN = 3;

export const check: Check<Facts> = {
  gather({ settings: { aliases: { path, isGiven }, adminAddress } }) {
    let text: string | null = null;
    try {
      text = Deno.readTextFileSync(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return { path, isGiven, text, adminAddress };
  },
  judge({ path, isGiven, text, adminAddress }) {
    if (text === null) {
      if (isGiven) return [fault(`there is no file ${path}`, `touch ${path}`)];
      return [
        ok(adminAddress === null ? "there are none" : `none: local mail is ${adminAddress}'s`),
      ];
    }
    const { entries, problems } = parseAliases(text);
    const found: Finding[] = problems.slice(0, SHOWN).map(({ line, text }) =>
      warning(`${path}:${line}: ${text}`, `editor +${line} ${path}`)
    );
    const more = problems.length - SHOWN;
    if (more > 0) found.push(warning(`${path}: ${more} more like these`, "newaliases"));
    return found.length > 0 ? found : [ok(`${entries.size} in ${path}`)];
  },
};
