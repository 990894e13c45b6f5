// `mailq config`: prints every setting in force and where it came from. Reading and masking them is
// src/config's.

import { buildCommand } from "@stricli/core";
import { hostnameWarning } from "../../config/hostname_warning.ts";
import { unreadFile } from "../../config/unread_file.ts";
import { sanitise } from "../../display/sanitise.ts";
import { formatTable } from "../../display/table.ts";
import { MailqError } from "../../queue/errors.ts";
import { manyArguments, type NoFlags, readText } from "../flags/builders.ts";
import type { SettingEntry } from "../../config/settings.ts";
import type { Context } from "../frame/context.ts";

export const command = buildCommand<NoFlags, string[], Context>({
  async func(_flags, ...names) {
    const settings = await this.settings("all");
    const entries = pick(settings.entries(), names);
    const { output } = this;
    const warning = hostnameWarning(settings.hostname);
    if (warning !== null) output.warn(warning);
    const { machine, globals } = this;
    const unread = unreadFile({
      isRoot: machine.surroundings.isRoot,
      configFile: globals.config,
      env: machine.env,
    });
    if (unread !== null) output.warn(`${unread} is not read: as root only /etc/mailq.toml is`);
    if (output.isJson) {
      for (const { name, value, origin } of entries) output.json({ name, value, origin });
      return;
    }
    const columns = [
      { title: "SETTING", min: 8 },
      { title: "VALUE", min: 8 },
      { title: "FROM", min: 7 },
    ];
    const rows = entries.map(({ name, value, origin }) => [name, sanitise(value), origin]);
    for (const line of await formatTable(columns, rows, output.columns)) output.line(line);
  },
  parameters: {
    positional: manyArguments({
      brief: "Only these, or all below such a name: retry, relay.default",
      placeholder: "SETTING",
    }, readText),
  },
  docs: {
    brief: "Show the settings in force and where each came from",
    fullDescription:
      `Shows every setting in force and where it came from, secrets masked. Settings come
from /etc/mailq.toml, then $XDG_CONFIG_HOME/mailq/config.toml (not as root), then
MAILQ_ variables, then flags; later wins.

  mailq config
  mailq config retry transport
  MAILQ_RETRY_MAX=3 mailq config --json`,
  },
});

/** The entries of these names and below them; all where there are none. Throws `usage` for a name that
 *  no setting begins with. */
function pick(entries: readonly SettingEntry[], names: readonly string[]): readonly SettingEntry[] {
  const isOf = (entry: SettingEntry, name: string) =>
    entry.name === name || entry.name.startsWith(`${name}.`);
  for (const name of names) {
    if (entries.some((entry) => isOf(entry, name))) continue;
    throw new MailqError(
      "usage",
      `Cannot find the setting "${name}": \`mailq config\` lists those in force`,
    );
  }
  if (names.length === 0) return entries;
  return entries.filter((entry) => names.some((name) => isOf(entry, name)));
}
