import { buildCommand } from "@stricli/core";
import { MailqError } from "../../queue/errors.ts";
import type { Context } from "../frame/context.ts";
import { queueExists } from "../frame/queue_path.ts";

interface Flags {
  readonly readonly?: boolean;
}

export const command = buildCommand<Flags, [], Context>({
  async func({ readonly: isReadonly = false }) {
    const { stdin, stdout, env } = this.machine;
    // Asked here, not left to Ink, which takes CI=true for an answer.
    if (!stdin.isTerminal() || !stdout.isTerminal() || env.TERM === "dumb") {
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
    await startTui({
      queue: settings.queue,
      isReadonly,
      isColoured: !this.globals.noColor && !env.NO_COLOR,
      maxTries: max === null ? null : max + 1,
      pager: env.PAGER || "less",
      now: () => this.now(),
      readEnvelope: async (from, to) => {
        const { readGivenEnvelope }: typeof import("../../intake/address/envelope.ts") =
          await import(
            import.meta.resolve("../../intake/address/envelope.ts")
          );
        return await readGivenEnvelope({ from, to, settings });
      },
    });
  },
  parameters: {
    flags: {
      readonly: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Look only: no action is offered or done",
      },
    },
  },
  docs: {
    brief: "The operator's screen: see and mend everything",
    fullDescription:
      `Shows the queue on a full screen: lists, filters, each message with every reply,
and all that can be done with it. ? on the screen shows the keys.

  mailq tui
  mailq tui --readonly`,
  },
});
