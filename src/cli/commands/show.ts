// `mailq show`: shows one message, for people or as JSON, or its bytes as they are sent. What is
// printed of it is src/cli/print's.

import { buildCommand } from "@stricli/core";
import { resolveId } from "../../app/select.ts";
import { readHindrances } from "../../app/status/hindrances.ts";
import { MailqError } from "../../queue/errors.ts";
import { type FlagsOf, oneArgument, toggle } from "../flags/builders.ts";
import type { Context } from "../frame/context.ts";
import { detailShape } from "../print/json_shapes.ts";
import { printAttempts, printDetail } from "../print/message_detail.ts";
import { printHeaders, printText } from "../print/show_content.ts";

const FLAGS = {
  raw: toggle("The message's bytes as they are sent"),
  headers: toggle("Its header, for people to read"),
  text: toggle("Its text"),
  attempts: toggle("Every attempt with each reply, transcript and traceback"),
};

export const command = buildCommand<FlagsOf<typeof FLAGS>, [string], Context>({
  async func(flags, prefix) {
    if (Object.values(flags).filter((given) => given).length > 1) {
      throw new MailqError(
        "usage",
        "Cannot show more than one of --raw --headers --text --attempts",
      );
    }
    const settings = await this.settings("all");
    const store = await this.openQueue(settings, { create: false });
    const { output } = this;
    const id = await resolveId(store, prefix);
    const message = await store.show(id);
    if (message === null) throw new MailqError("usage", `Cannot find the message ${id}`);
    if (flags.raw) {
      for await (const piece of store.content(message.seq)) output.bytes(piece);
    } else if (flags.headers) await printHeaders(output, store.content(message.seq));
    else if (flags.text) await printText(output, store.content(message.seq));
    else if (output.isJson) output.json(detailShape(message));
    else if (flags.attempts) printAttempts(output, message, { isFull: true });
    else {
      const now = this.now();
      const hindrances = await readHindrances(store, settings, now);
      await printDetail(output, message, { now, isPaused: false, hindrances });
    }
  },
  parameters: {
    flags: FLAGS,
    positional: oneArgument({ brief: "The id, or its unique beginning", placeholder: "ID" }),
  },
  docs: {
    brief: "Show a message, its recipients and every attempt",
    fullDescription: `Shows a message: each recipient's state and last reply, and each attempt.

  mailq show 7kq3vd
  mailq show 7kq3vd --attempts
  mailq show 7kq3vd --raw > mail.eml`,
  },
});
