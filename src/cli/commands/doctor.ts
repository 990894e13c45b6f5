// `mailq doctor`: looks over settings, queue, machine and relays. The checks are src/app/doctor's; what
// they find is printed by print/doctor.ts.

import { buildCommand } from "@stricli/core";
import { examine } from "../../app/doctor/doctor.ts";
import { type FlagsOf, text, toggle } from "../flags/builders.ts";
import { MailqError } from "../../queue/errors.ts";
import type { Context } from "../frame/context.ts";
import { DoctorReport } from "../print/doctor.ts";

const FLAGS = {
  offline: toggle("Ask nothing over the network"),
  relay: text({ brief: "Look at this relay alone", placeholder: "RELAY" }),
  fix: toggle("Set modes and make folders that are wrong; nothing else is changed"),
};

export const command = buildCommand<FlagsOf<typeof FLAGS>, [], Context>({
  async func({ offline = false, fix = false, relay = null }) {
    if (offline && relay !== null) {
      throw new MailqError("usage", "Cannot look at a relay with --offline: leave it out");
    }
    const { app, machine, globals, output } = this;
    const doctor = {
      ...app,
      configFile: globals.config,
      readSettings: (purpose: "intake" | "all") =>
        machine.loadSettings({
          ...machine.surroundings,
          flags: { queue: globals.queue ?? undefined },
          configFile: globals.config,
          purpose,
        }),
    };
    const report = new DoctorReport(output);
    for await (const found of examine(doctor, { isOffline: offline, mends: fix, relay })) {
      report.print(found);
    }
    this.exitStatus = report.end();
  },
  parameters: { flags: FLAGS },
  docs: {
    brief: "Look over settings, queue, machine and relays, and say what mends them",
    fullDescription:
      `Looks over settings, queue, disk, clock, cron, service, other mail programs and each
relay, and says of each: ✓ well, ! worth a look, ✗ wrong; below it the command that mends
it. Relays are greeted, logged in to and asked MAIL and RCPT; nothing is sent. With
--fix modes are set and folders made, and nothing else is changed. Exit status 0: all is
well; 1: something is worth a look; 2: something is wrong.

  sudo mailq doctor
  mailq doctor --relay bulk
  mailq doctor --offline --json`,
  },
});
