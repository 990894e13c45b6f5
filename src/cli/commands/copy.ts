// `mailq copy`: carries a whole queue into another one, be it a file or a database. The work is
// src/app/copy's.

import { buildCommand } from "@stricli/core";
import { type Copied, copyQueue } from "../../app/copy/copy.ts";
import { plural } from "../../display/plural.ts";
import { type NoFlags, readText } from "../flags/builders.ts";
import type { Context } from "../frame/context.ts";

export const command = buildCommand<NoFlags, [string, string], Context>({
  async func(_flags, from, to) {
    const { output } = this;
    const copied = await copyQueue(this.app, await this.settings("all"), { from, to });
    if (output.isJson) {
      return output.json({
        from,
        to,
        messages: copied.messages,
        earlier: copied.earlier,
        open: openOf(copied),
        keyless: copied.keyless,
        events: copied.hasEvents,
      });
    }
    const { messages, earlier, keyless } = copied;
    const before = earlier === 0 ? "" : `, after ${earlier} earlier`;
    output.line(
      `Copied ${messages} ${plural(messages, "message")}${before} from ${from} to ${to}, each ` +
        `compared; ${openOf(copied)} to be sent there. All sending from both is paused`,
    );
    if (keyless > 0) {
      output.line(
        `The keys of ${keyless} were taken: they have none now, and what was to be sent is held`,
      );
    }
    if (!copied.hasEvents) output.line("It has events of its own: none were copied");
    output.line(`→ queue = "${to}" for all that queue and send, then`);
    output.line(`→ mailq copy ${from} ${to}  (what came meanwhile)`);
    output.line(`→ mailq --queue ${to} resume`);
  },
  parameters: {
    flags: {},
    positional: {
      kind: "tuple",
      parameters: [
        { brief: "The queue that is copied", placeholder: "FROM", parse: readText },
        {
          brief: "The queue that takes it; made if it is not there",
          placeholder: "TO",
          parse: readText,
        },
      ],
    },
  },
  docs: {
    brief: "Copy a whole queue into another, file or database",
    fullDescription: `Copies all mail in whatever state, with attempts, keys and tags, and the
do-not-send list, pauses, counts and events. Both queues are paused first, and stay so:
nothing is sent twice. What was copied is marked in TO: a copy that was interrupted, or
is made again, brings what is not there yet and no message twice.

  mailq copy /var/lib/mailq/queue.db postgres://mailq@db.example.org/mail
  mailq --queue postgres://mailq@db.example.org/mail resume

Do not resume FROM afterwards: its mail would go out by both.`,
  },
});

function openOf({ status }: Copied): number {
  const { queued, sending, deferred, held, scheduled } = status;
  return queued + sending + deferred + held + scheduled;
}
