import { buildCommand, buildRouteMap } from "@stricli/core";
import { queuePath } from "../../store/open.ts";
import type { Context } from "../frame/context.ts";
import { crontab, settingsFile, systemdUnit } from "../../app/setup/texts.ts";
import { initSystem } from "../../app/setup/init_system.ts";
import { word } from "../flags/parsers.ts";

interface Flags {
  readonly user?: string;
}

const user = (brief: string) => ({
  kind: "parsed",
  parse: word,
  optional: true,
  brief,
  placeholder: "NAME",
} as const);

const system = buildCommand<Flags, [], Context>({
  func({ user }) {
    return initSystem(this, user ?? null);
  },
  parameters: {
    flags: { user: user("Whose queue it is to be, who then runs `send` or `run` [you]") },
  },
  docs: {
    brief: "Make a queue that every user of the machine can hand mail to",
    fullDescription:
      `Makes the system's queue in /var/lib/mailq (elsewhere with --queue PATH), or mends
its owners and modes, and says what it did. Only its owner can open it. Everybody
else's \`mailq enqueue\` leaves the mail, in a file that only the owner can list and
take, in the folder drop beside it; \`mailq send\` and \`mailq run\` take it in from there.

  sudo mailq init system
  sudo mailq init system --user mailq`,
  },
});

const cron = buildCommand<Flags, [], Context>({
  async func({ user }) {
    this.output.text(crontab(user ?? null, await namedQueue(this)));
  },
  parameters: { flags: { user: user("For /etc/cron.d: who sends [your own crontab]") } },
  docs: {
    brief: "Print a crontab that sends, tries again and purges",
    fullDescription: `Prints a crontab that sends, tries again and purges.

  (crontab -l; mailq init cron) | crontab -
  mailq init cron --user root | sudo tee /etc/cron.d/mailq`,
  },
});

const systemd = buildCommand<Flags, [], Context>({
  async func({ user }) {
    this.output.text(systemdUnit(user ?? null, await namedQueue(this)));
  },
  parameters: { flags: { user: user("Who runs the service [root]") } },
  docs: {
    brief: "Print a unit for the service",
    fullDescription:
      `Prints a systemd unit that runs \`mailq run\` with no more rights than it needs.

  mailq init systemd --user mailq | sudo tee /etc/systemd/system/mailq.service
  sudo systemctl enable --now mailq`,
  },
});

const config = buildCommand<Record<never, never>, [], Context>({
  func() {
    this.output.text(settingsFile());
  },
  parameters: {},
  docs: {
    brief: "Print a settings file with every setting, commented out",
    fullDescription: `Prints a settings file with every setting at its default, commented out.

  mailq init config | sudo tee /etc/mailq.toml`,
  },
});

export const command = buildRouteMap({
  routes: { system, cron, systemd, config },
  docs: {
    brief: "Set up mailq on this machine: its queue, crontab, service, settings",
    fullDescription: `Sets up mailq on this machine. All but system only print.

  sudo mailq init system
  mailq init cron`,
  },
});

/** The queue's whole path, where the command line or the environment names it: whoever runs later
 *  must be told. */
async function namedQueue(context: Context): Promise<string | null> {
  const settings = await context.settings("all");
  const origin = settings.entries().find(({ name }) => name === "queue")?.origin ?? "default";
  if (!/^(--|MAILQ_)/.test(origin)) return null;
  const path = queuePath(settings.queue);
  return path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
}
