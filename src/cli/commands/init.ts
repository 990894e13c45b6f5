import { buildCommand, buildRouteMap } from "@stricli/core";
import type { Context } from "../context.ts";
import { word } from "../parsers.ts";
import { initSystem } from "../init_system.ts";

const system = buildCommand<{ readonly user?: string }, [], Context>({
  func({ user }) {
    return initSystem(this, user ?? null);
  },
  parameters: {
    flags: {
      user: {
        kind: "parsed",
        parse: word,
        optional: true,
        brief: "Whose queue it is to be, and who runs `send` or `run` [who calls this]",
        placeholder: "NAME",
      },
    },
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

export const command = buildRouteMap({
  routes: { system },
  docs: { brief: "Set up mailq on this machine" },
});
