// `mailq test`: tries the settings with one mail, and shows the conversation as it runs. Queuing and
// sending it is src/app/follow's.

import { buildCommand } from "@stricli/core";
import { sendTestMail } from "../../app/follow/test_mail.ts";
import { readHindrances } from "../../app/status/hindrances.ts";
import { whyIs } from "../../display/reasons.ts";
import { sanitise } from "../../display/sanitise.ts";
import { EXIT_STATUS } from "../../queue/errors.ts";
import { anyText, type FlagsOf, oneArgument } from "../flags/builders.ts";
import type { Context } from "../frame/context.ts";
import { detailShape } from "../print/json_shapes.ts";

const FLAGS = {
  from: anyText({
    brief: "Envelope sender and From; else as other mail without one",
    placeholder: "ADDRESS",
  }),
};

export const command = buildCommand<FlagsOf<typeof FLAGS>, [string], Context>({
  async func({ from }, to) {
    const { output } = this;
    const settings = await this.settings("all");
    const store = await this.openQueue(settings, { create: true, isWorker: true });
    const said: string[] = [];
    const message = await sendTestMail(this.app, settings, store, {
      to,
      from,
      onQueued: (id) => {
        if (!output.isJson) output.line(`queued as ${id}`);
        output.flush();
      },
      onSaid: (line) => {
        said.push(line);
        if (!output.isJson) output.line(sanitise(line));
        output.flush();
      },
    });
    if (message.status !== "sent") this.exitStatus = EXIT_STATUS.relay_unavailable;
    if (output.isJson) return output.json({ ...detailShape(message), conversation: said });
    for (const { address, state, code, enhanced, reply } of message.recipients) {
      const told = [code, enhanced, reply].filter((part) => part !== null).join(" ");
      output.line(`${state} ${sanitise(address)}${told === "" ? "" : `: ${sanitise(told)}`}`);
    }
    if (message.status === "sent") return;
    const hindrances = await readHindrances(store, settings, this.now());
    const why = whyIs(message, { isPaused: false, hindrances });
    if (why !== "") output.note(`${message.status}: ${sanitise(why)}`);
    output.note(`it stays in the queue; \`mailq cancel ${message.id}\` gives it up`);
  },
  parameters: {
    flags: FLAGS,
    positional: oneArgument({ brief: "Who gets the mail", placeholder: "ADDRESS" }),
  },
  docs: {
    brief: "Send a test mail now and show the conversation with the relay",
    fullDescription:
      `Queues one small mail, sends it at once, and shows what is said with the relay as it is
said, without secrets; then what became of it. Exit status 0: sent; 69: not.
\`mailq explain ADDRESS --connect\` asks the relay without sending anything.

  mailq test me@example.org`,
  },
});
