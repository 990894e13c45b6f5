// `mailq config`: prints every setting in force and where it came from. Reading and masking them is
// src/config's.

import { buildCommand } from "@stricli/core";
import { hostnameWarning } from "../../config/hostname_warning.ts";
import { sanitise } from "../../display/sanitise.ts";
import { formatTable } from "../../display/table.ts";
import { lookAt } from "../../system/files.ts";
import { MailqError } from "../../queue/errors.ts";
import { manyArguments, type NoFlags, readText } from "../flags/builders.ts";
import type { SettingEntry } from "../../config/settings.ts";
import type { Context } from "../frame/context.ts";

/** Root's own settings file, which is never read; null where there is none, or another is named. */
function unreadFile({ machine: { surroundings, env }, globals }: Context): string | null {
  if (!surroundings.isRoot || globals.config !== null || env.MAILQ_CONFIG) return null;
  const folder = env.XDG_CONFIG_HOME || (env.HOME ? `${env.HOME}/.config` : null);
  const path = `${folder}/mailq/config.toml`;
  return folder !== null && lookAt(path)?.isFile ? path : null;
}

export const command = buildCommand<NoFlags, string[], Context>({
  async func(_flags, ...names) {
    const settings = await this.settings("all");
    const entries = pick(settings.entries(), names);
    const { output } = this;
    const warning = hostnameWarning(settings.hostname);
    if (warning !== null) output.warn(warning);
    const unread = unreadFile(this);
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
