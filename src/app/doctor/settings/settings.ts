// The check "settings": whether they can be read, and what in them is unknown or without effect. What
// stands in them is the other checks' matter.

import { unreadFile } from "../../../config/unread_file.ts";
import { type Check, fault, type Finding, ok, warning } from "../check.ts";

interface Facts {
  /** Why not all settings can be used; null if they can. */
  readonly trouble: string | null;
  readonly warnings: readonly string[];
  /** The files that settings come from. */
  readonly files: readonly string[];
  /** Root's own file, which is never read; null where there is none. */
  readonly unread: string | null;
}

export const check: Check<Facts> = {
  gather({ settings, settingsTrouble, app, isRoot }) {
    const origins = settings.entries().map(({ origin }) => /^(\/.*):\d+$/.exec(origin)?.[1]);
    return {
      trouble: settingsTrouble,
      // With a wrong setting, that one is among them.
      warnings: settings.warnings.filter((text) => text !== settingsTrouble),
      files: [...new Set(origins.filter((file) => file !== undefined))],
      unread: unreadFile({ isRoot, configFile: app.configFile, env: app.env }),
    };
  },
  judge({ trouble, warnings, files, unread }) {
    const found: Finding[] = [];
    if (trouble !== null) found.push(fault(trouble, mendOf(trouble)));
    for (const text of warnings) found.push(warning(text, mendOf(text)));
    if (unread !== null) {
      found.push(warning(`${unread} is not read: as root only /etc/mailq.toml is`, `rm ${unread}`));
    }
    if (found.length > 0) return found;
    return [ok(files.length === 0 ? "all as built in" : `read from ${files.join(", ")}`)];
  },
};

/** Where a text of the settings says that something is wrong, as the command that goes there. */
function mendOf(text: string): string {
  const [, file, line] = /\((\/[^()]*?):(\d+)\)/.exec(text) ?? [];
  if (file !== undefined) return `editor +${line} ${file}`;
  const [, unreadable] = /^Cannot read the settings file "(.*?)": permission/.exec(text) ?? [];
  if (unreadable !== undefined) return `chmod a+r ${unreadable}`;
  const [variable] = /\bMAILQ_\w+/.exec(text) ?? [];
  return variable === undefined ? "mailq init config  (prints all settings)" : `unset ${variable}`;
}
