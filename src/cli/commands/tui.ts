// `mailq tui`: starts the screen of src/tui, which is loaded for nothing else. What needs a
// terminal or a queue is refused here, before it is loaded.

import { buildCommand } from "@stricli/core";
import { MailqError } from "../../queue/errors.ts";
import { queueExists } from "../../store/open.ts";
import { type FlagsOf, toggle } from "../flags/builders.ts";
import type { Context } from "../frame/context.ts";

const FLAGS = { readonly: toggle("Look only: no action is offered or done") };

/** How this program is started on the same queue, with the same settings. */
function ownCall({ globals: { config } }: Context, queue: string) {
  const program = Deno.build.standalone
    ? [Deno.execPath()]
    : [Deno.execPath(), "run", "--allow-all", Deno.mainModule];
  return {
    words: [...program, ...config === null ? [] : ["--config", config]],
    // Not as an option: the URL of a queue may hold a password, and everybody can list options.
    env: { MAILQ_QUEUE: queue },
  };
}

export const command = buildCommand<FlagsOf<typeof FLAGS>, [], Context>({
  async func({ readonly: isReadonly = false }) {
    const { stdin, stdout, env } = this.machine;
    // Asked here, not left to Ink, which takes CI=true for an answer.
    if (env.TERM === "dumb") {
      throw new MailqError(
        "usage",
        "Cannot show the screen on a terminal that cannot move its cursor (TERM=dumb): set TERM to " +
          "what it is, such as xterm, or try `mailq list`",
      );
    }
    if (!stdin.isTerminal() || !stdout.isTerminal()) {
      throw new MailqError(
        "usage",
        "Cannot show the screen without a terminal on stdin and stdout; try `mailq list`",
      );
    }
    const settings = await this.settings("all");
    if (!queueExists(settings.queue)) {
      throw new MailqError(
        "input_unreadable",
        `Cannot show the queue ${settings.queue}: there is none yet; \`mailq enqueue\` makes it`,
      );
    }
    const { startTui }: typeof import("../../tui/start.ts") = await import(
      import.meta.resolve("../../tui/start.ts")
    );
    const { max } = settings.retry;
    const said = await startTui({
      queue: settings.queue,
      isReadonly,
      settings: {
        relays: settings.relays,
        routes: settings.routes,
        ratePerDomain: settings.ratePerDomain,
      },
      entries: settings.entries(),
      tui: settings.tui,
      isColoured: !this.globals.noColor && !env.NO_COLOR,
      maxTries: max === null ? null : max + 1,
      program: ownCall(this, settings.queue),
      pager: env.PAGER || "less",
      now: () => this.now(),
      readEnvelope: async (from, to) => {
        const { readGivenEnvelope }: typeof import("../../intake/address/envelope.ts") =
          await import(
            import.meta.resolve("../../intake/address/envelope.ts")
          );
        const { intakeSettings }: typeof import("../../app/enqueue/options.ts") = await import(
          import.meta.resolve("../../app/enqueue/options.ts")
        );
        return await readGivenEnvelope({ from, to, settings: intakeSettings(this.app, settings) });
      },
    });
    if (said !== null) this.output.note(said);
  },
  parameters: { flags: FLAGS },
  docs: {
    brief: "The operator's screen: see and mend everything",
    fullDescription:
      `Shows the queue on a full screen: lists, filters, each message with every reply,
and all that can be done with it. ? on the screen shows the keys.

  mailq tui
  mailq tui --readonly`,
  },
});
