// `mailq wait`: waits until messages have come to their end, and exits by how they ended. The waiting is
// src/app/follow's.

import { buildCommand } from "@stricli/core";
import { waitForEnd } from "../../app/follow/wait.ts";
import { resolveIds } from "../../app/select.ts";
import { sanitise } from "../../display/sanitise.ts";
import { EXIT_STATUS } from "../../queue/errors.ts";
import type { MessageSummary } from "../../queue/message.ts";
import { type FlagsOf, someArguments, span } from "../flags/builders.ts";
import type { Context } from "../frame/context.ts";
import { messageShape } from "../print/json_shapes.ts";

const FLAGS = { timeout: span({ brief: "Wait so long at most" }) };

export const command = buildCommand<FlagsOf<typeof FLAGS>, string[], Context>({
  async func({ timeout = null }, ...prefixes) {
    const { output } = this;
    const store = await this.queue();
    const ids = await resolveIds(store, prefixes);
    let sent = 0;
    const tell = (message: MessageSummary) => {
      if (output.isJson) output.json(messageShape(message));
      else {
        const { id, status, lastReply } = message;
        output.line(`${id} ${status}${lastReply === null ? "" : `: ${sanitise(lastReply)}`}`);
      }
    };
    const open = await waitForEnd(this.app, store, {
      ids: [...new Set(ids)],
      timeoutMs: timeout,
      onEnd: (message) => {
        if (message.status === "sent") sent++;
        tell(message);
        output.flush();
      },
    });
    for (const message of open) tell(message);
    if (open.length > 0) this.exitStatus = EXIT_STATUS.busy;
    else if (sent < new Set(ids).size) this.exitStatus = EXIT_STATUS.relay_unavailable;
  },
  parameters: {
    flags: FLAGS,
    positional: someArguments({ brief: "Ids, or their unique beginnings", placeholder: "ID" }),
  },
  docs: {
    brief: "Wait until messages are sent or have failed",
    fullDescription:
      `Waits until each message has come to its end, whoever sends it, and prints its state.
Exit status 0: all were sent; 69: not all; 75: the time is up.

  mailq wait 7kq3vd
  mailq wait --timeout 10m $(mailq enqueue alert.eml)`,
  },
});
