// Texts that set mailq up on a machine: a crontab, a settings file. `mailq init` prints them; nothing is
// written here. The units of systemd are in systemd_units.ts.

import { type Definition, RELAY_KEYS, SETTINGS } from "../../config/definitions.ts";
import { variableName } from "../../config/variables.ts";
import { formatValue } from "../../config/kinds.ts";
import { checkUser, programLine } from "./program_path.ts";

/** A crontab that does what the service does; with `user`, one for /etc/cron.d. */
export function crontab(user: string | null, queue: string | null): string {
  if (user !== null) checkUser(user);
  const line = (when: string, words: string) =>
    // cron takes % for the end of the line.
    `${when.padEnd(12)} ${user === null ? "" : `${user}  `}` +
    programLine(words, queue).replaceAll("%", "\\%");
  return [
    "# Send what is queued, try again what was deferred, delete what was sent 90 days ago.",
    line("* * * * *", "send"),
    line("*/5 * * * *", "retry --due"),
    line("30 3 * * *", "purge --older-than 90d"),
    "",
  ].join("\n");
}

/** A settings file with every setting there is, at its default and commented out. */
export function settingsFile(): string {
  const lines = [
    "# /etc/mailq.toml, or ~/.config/mailq/config.toml for an ordinary user's own queue.",
    `# The variable ${variableName("retry.max")} sets retry.max, and so on; flags win over both.`,
    "",
  ];
  for (const [name, definition] of Object.entries(SETTINGS)) {
    lines.push(...commented(definition), `#${name} = ${defaultOf(definition)}`, "");
  }
  lines.push(
    "# Further relays, each in a table [relay.NAME]; the one called default is transport's.",
    "#[relay.default]",
  );
  for (const [key, definition] of Object.entries<Definition>(RELAY_KEYS)) {
    // The default relay's URL is the setting transport.
    if (definition.isSecret || key === "url") continue;
    lines.push(...commented(definition), `#${key} = ${defaultOf(definition)}`);
  }
  lines.push(
    "",
    "# Which relays a message goes by, in order; the first route that matches.",
    "#[[route]]",
    '#sender = "news@*"',
    '#recipient = "*@example.org"',
    '#relays = ["default"]',
    "",
    "# What a reply means, whatever it would mean otherwise: defer, fail or suppress.",
    "#[[rule]]",
    '#code = "5xx"',
    '#text = "greylist"',
    '#action = "defer"',
    "",
  );
  return lines.join("\n");
}

const WIDTH = 98;

function commented({ doc, choices }: Definition): string[] {
  const lines: string[] = [];
  let line = "#";
  const isListed = choices === undefined || choices.every((choice) => doc.includes(choice));
  for (const word of (isListed ? doc : `${doc} (${choices?.join(", ")})`).split(" ")) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = "#";
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

/** A setting's default as TOML. */
function defaultOf({ default: value, kind }: Definition): string {
  if (value === null) return '"none"';
  if (typeof value === "boolean" || kind === "int") return String(value);
  return JSON.stringify(formatValue(value, kind));
}
