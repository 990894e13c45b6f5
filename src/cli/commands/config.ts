// `mailq config`: prints every setting in force and where it came from. Reading and masking them is
// src/config's.

import { buildCommand } from "@stricli/core";
import { hostnameWarning } from "../../config/hostname_warning.ts";
import { sanitise } from "../../display/sanitise.ts";
import { formatTable } from "../../display/table.ts";
import type { NoFlags } from "../flags/builders.ts";
import type { Context } from "../frame/context.ts";

export const command = buildCommand<NoFlags, [], Context>({
  async func() {
    const settings = await this.settings("all");
    const entries = settings.entries();
    const { output } = this;
    const warning = hostnameWarning(settings.hostname);
    if (warning !== null) output.warn(warning);
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
  parameters: {},
  docs: {
    brief: "Show the settings in force and where each came from",
    fullDescription:
      `Shows every setting in force and where it came from, secrets masked. Settings come
from /etc/mailq.toml, then $XDG_CONFIG_HOME/mailq/config.toml, then MAILQ_ variables,
then flags; later wins.

  mailq config
  MAILQ_RETRY_MAX=3 mailq config --json`,
  },
});
