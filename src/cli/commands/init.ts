// `mailq init`: sets mailq up on a machine, or prints the texts that do. The work is
// src/app/setup's; here are flags, help, and how what was done is printed.

import { buildCommand, buildRouteMap } from "@stricli/core";
import { isOnPostgres, queuePath } from "../../store/open.ts";
import type { Context } from "../frame/context.ts";
import { grafanaDashboard, prometheusRules } from "../../app/setup/monitoring.ts";
import { systemdUnit, UNITS } from "../../app/setup/systemd_units.ts";
import { crontab, settingsFile } from "../../app/setup/texts.ts";
import type { SetUpStep } from "../../app/setup/folders.ts";
import { programPath } from "../../app/setup/program_path.ts";
import { setUpSystem, type SystemSetUp } from "../../app/setup/system.ts";
import { type FlagsOf, type NoFlags, oneOf, text } from "../flags/builders.ts";
import type { Output } from "../frame/output.ts";

/** The flag of a user, who has another part in each of the commands. */
const userFlag = (brief: string) => ({ user: text({ brief, placeholder: "USER" }) });
type UserFlag = FlagsOf<ReturnType<typeof userFlag>>;

const system = buildCommand<UserFlag, [], Context>({
  async func({ user = null }) {
    const { app, output } = this;
    const done = await setUpSystem(app, { user, onStep: (step) => printStep(output, step) });
    if (!output.isJson && !output.globals.isQuiet) output.text(nextSteps(done));
  },
  parameters: {
    flags: userFlag("Whose queue it is to be, who then runs `send` or `run` [you]"),
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

const cron = buildCommand<UserFlag, [], Context>({
  async func({ user }) {
    this.output.text(crontab(user ?? null, await namedQueue(this)));
  },
  parameters: { flags: userFlag("For /etc/cron.d: who sends [your own crontab]") },
  docs: {
    brief: "Print a crontab that sends, tries again and purges",
    fullDescription: `Prints a crontab that sends, tries again and purges.

  (crontab -l; mailq init cron) | crontab -
  mailq init cron --user root | sudo tee /etc/cron.d/mailq`,
  },
});

const SYSTEMD_FLAGS = {
  ...userFlag("Who runs the service [root]"),
  unit: oneOf(UNITS, { brief: "Which unit [mailq.service]", placeholder: "UNIT" }),
};

const systemd = buildCommand<FlagsOf<typeof SYSTEMD_FLAGS>, [], Context>({
  async func({ user = null, unit = "mailq.service" }) {
    this.output.text(systemdUnit(unit, { user, queue: await namedQueue(this) }));
  },
  parameters: { flags: SYSTEMD_FLAGS },
  docs: {
    brief: "Print a unit for the service",
    fullDescription:
      `Prints a systemd unit that runs \`mailq run\` with no more rights than it needs; or the
socket that it takes SMTP by (mailq.socket); or, in place of both, a service and a
timer that do what cron does (mailq-send.service, mailq-send.timer).

  mailq init systemd --user mailq | sudo tee /etc/systemd/system/mailq.service
  sudo systemctl enable --now mailq`,
  },
});

const config = buildCommand<NoFlags, [], Context>({
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

const prometheus = buildCommand<NoFlags, [], Context>({
  func() {
    this.output.text(prometheusRules());
  },
  parameters: {},
  docs: {
    brief: "Print alert rules for Prometheus",
    fullDescription: `Prints alert rules on what \`mailq metrics\` and listen.http tell.

  mailq init prometheus | sudo tee /etc/prometheus/mailq.rules.yml`,
  },
});

const grafana = buildCommand<NoFlags, [], Context>({
  func() {
    this.output.text(grafanaDashboard());
  },
  parameters: {},
  docs: {
    brief: "Print a dashboard for Grafana",
    fullDescription: `Prints a dashboard of what Prometheus has of mailq, for Grafana to import.

  mailq init grafana > mailq.json`,
  },
});

export const command = buildRouteMap({
  routes: { system, cron, systemd, config, prometheus, grafana },
  docs: {
    brief: "Set up mailq on this machine: its queue, crontab, service, settings, monitor",
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
  if (isOnPostgres(settings.queue)) return settings.queue;
  const path = queuePath(settings.queue);
  return path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
}

function printStep(output: Output, { step, path, mode, owner }: SetUpStep): void {
  const text = mode.toString(8).padStart(4, "0");
  if (output.isJson) output.json({ step, path, mode: text, owner });
  else output.line(`${step.padEnd(6)} ${path} (${text}, ${owner})`);
}

const SETTINGS_FILE = "/etc/mailq.toml";

/** What is left to do once the system's queue is there. */
function nextSteps({ queue, origin, owner }: SystemSetUp): string {
  const isKnown = origin === "default" || origin.startsWith(SETTINGS_FILE);
  return `
Every user of this machine can hand in mail now; ${owner} alone can read it, and sends it.
What to do next:
- In ${SETTINGS_FILE}, say where mail goes${
    isKnown ? "" : ", and where the queue is, which everybody must know"
  }:
    transport = "smtp://smarthost.example.org"
${
    isKnown
      ? ""
      : `    queue = ${JSON.stringify(queue)}\n`
  }- Let ${owner} send: by cron, in /etc/cron.d/mailq, such as
    * * * * *    ${owner}  ${programPath()} send
  or by a service. \`mailq init cron --user ${owner}\` and \`mailq init systemd --user ${owner}\`
  print the whole of it.
`;
}
