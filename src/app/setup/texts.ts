// Texts that set mailq up on a machine: a crontab, a systemd unit, a settings file. `mailq init`
// prints them; nothing is written here.

import { type Definition, RELAY_KEYS, SETTINGS } from "../../config/definitions.ts";
import { variableName } from "../../config/variables.ts";
import { formatValue } from "../../config/kinds.ts";
import { folderOf } from "../../system/files.ts";
import { checkUser, programLine, quoted } from "./program_path.ts";

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

/** Capabilities without which root could not read what others dropped, nor hand his lock files to
 *  the owner of a queue. */
const ROOT_NEEDS = "CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_CHOWN CAP_FOWNER";

/** A unit for systemd that runs the service with no more rights than it needs. */
export function systemdUnit(user: string | null, queue: string | null): string {
  if (user !== null) checkUser(user);
  const folder = queue === null ? null : folderOf(queue);
  return `# /etc/systemd/system/mailq.service; then: systemctl enable --now mailq
[Unit]
Description=mailq, the mail queue
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=${forSystemd(programLine("run", queue))}
ExecReload=/bin/kill -HUP $MAINPID
${user === null ? "" : `User=${user}\n`}Restart=on-failure
RestartSec=5
# What is being sent is finished, which takes 60 seconds at most.
TimeoutStopSec=90
${
    folder === null
      ? "StateDirectory=mailq\nStateDirectoryMode=0711"
      : `ReadWritePaths=${forSystemd(quoted(folder))}`
  }
# Also what a transport maildir: or file: writes to: ReadWritePaths=/var/mail
UMask=0077
CapabilityBoundingSet=${user === null || user === "root" ? ROOT_NEEDS : ""}
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
# Not with a transport sendmail: or exec: whose program is set-user-ID or set-group-ID (Postfix's
# sendmail is):
NoNewPrivileges=yes

[Install]
WantedBy=multi-user.target
`;
}

/** systemd takes % for the beginning of a name of its own. */
function forSystemd(text: string): string {
  return text.replaceAll("%", "%%");
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
