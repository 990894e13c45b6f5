// Units for systemd: the service, a socket that it is handed, and in place of the service a pass each
// minute. `mailq init systemd` prints them; nothing is written here.

import { isOnPostgres } from "../../store/open.ts";
import { folderOf } from "../../system/files.ts";
import { checkUser, programLine, quoted } from "./program_path.ts";

/** The units there are, by the names that they are installed under. */
export const UNITS = [
  "mailq.service",
  "mailq.socket",
  "mailq-send.service",
  "mailq-send.timer",
] as const;
type UnitName = typeof UNITS[number];

/** The text of a unit. Throws `usage` for a user who is no login name. */
export function systemdUnit(
  name: UnitName,
  { user, queue }: { readonly user: string | null; readonly queue: string | null },
): string {
  if (user !== null) checkUser(user);
  switch (name) {
    case "mailq.service":
      return service(user, queue);
    case "mailq.socket":
      return SOCKET;
    case "mailq-send.service":
      return sendService(user, queue);
    case "mailq-send.timer":
      return TIMER;
  }
}

/** Capabilities without which root could not read what others dropped, nor hand his lock files to
 *  the owner of a queue. */
const ROOT_NEEDS = "CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_CHOWN CAP_FOWNER";

/** What a queue in a database needs besides. */
const DATABASE = `
# Others on this machine see at once by a lock there that this process has died.
ReadWritePaths=/run/lock
# The database's password, unless ~/.pgpass has it: readable for this service alone.
Environment=MAILQ_QUEUE_PASSWORD_FILE=/etc/mailq.password`;

/** Runs the service, with no more rights than it needs. */
function service(user: string | null, queue: string | null): string {
  const isDatabase = queue !== null && isOnPostgres(queue);
  const folder = queue === null || isDatabase ? null : folderOf(queue);
  return `# /etc/systemd/system/mailq.service; then: systemctl enable --now mailq
[Unit]
Description=mailq, the mail queue
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
# It tells that it goes round; one that does not is started anew.
WatchdogSec=5min
ExecStart=${forSystemd(programLine("run", queue))}
ExecReload=/bin/kill -HUP $MAINPID
${user === null ? "" : `User=${user}\n`}Restart=on-failure
RestartSec=5
# What is being sent is finished, which takes 60 seconds at most.
TimeoutStopSec=90
${
    folder === null
      ? `StateDirectory=mailq\nStateDirectoryMode=0711${isDatabase ? DATABASE : ""}`
      : `ReadWritePaths=${forSystemd(quoted(folder))}`
  }
# Also what a transport maildir: or file: writes to: ReadWritePaths=/var/mail
UMask=0077
CapabilityBoundingSet=${user === null || user === "root" ? ROOT_NEEDS : ""}
ProtectSystem=strict
ProtectHome=read-only
ProtectProc=invisible
PrivateTmp=yes
PrivateDevices=yes
DevicePolicy=closed
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
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service @pkey
SystemCallFilter=~@privileged @resources
# Files beside a queue that root sends from are given to its owner.
SystemCallFilter=@chown
SystemCallErrorNumber=EPERM
# Not with a transport sendmail: or exec: whose program is set-user-ID or set-group-ID (Postfix's
# sendmail is):
NoNewPrivileges=yes

[Install]
WantedBy=multi-user.target
`;
}

const SOCKET =
  `# /etc/systemd/system/mailq.socket, for a port below 1024 without root; in the settings:
# listen.smtp = "systemd:smtp". Then: systemctl enable --now mailq.socket
[Unit]
Description=mailq, where it takes mail by SMTP

[Socket]
ListenStream=127.0.0.1:25
FileDescriptorName=smtp
Service=mailq.service

[Install]
WantedBy=sockets.target
`;

/** One round as `mailq-send.timer` wants it. */
function sendService(user: string | null, queue: string | null): string {
  return service(user, queue)
    .replace(/^# .*\n/, "# /etc/systemd/system/mailq-send.service, started by mailq-send.timer\n")
    .replace("the mail queue\n", "one pass over the mail queue\n")
    .replace(/^Type=notify\n(#.*\n)WatchdogSec=.*\n/m, "Type=oneshot\nTimeoutStartSec=infinity\n")
    .replace(forSystemd(programLine("run", queue)), forSystemd(programLine("run --once", queue)))
    .replace(/^ExecReload=.*\n/m, "")
    .replace(/^Restart(Sec)?=.*\n/gm, "")
    .replace(/\n\[Install\][^]*$/, "");
}

const TIMER = `# /etc/systemd/system/mailq-send.timer; then: systemctl enable --now mailq-send.timer
[Unit]
Description=mailq, a pass each minute

[Timer]
OnCalendar=minutely
AccuracySec=1s

[Install]
WantedBy=timers.target
`;

/** systemd takes % for the beginning of a name of its own. */
function forSystemd(text: string): string {
  return text.replaceAll("%", "%%");
}
