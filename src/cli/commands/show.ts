import { buildCommand } from "@stricli/core";
import { MailqError } from "../../queue/errors.ts";
import type { Context } from "../frame/context.ts";
import { detailShape } from "../print/json_shapes.ts";
import { tellAttempts, tellDetail } from "../print/message_detail.ts";
import { anyText } from "../flags/parsers.ts";
import { resolveId } from "../../app/select.ts";
import { tellHeaders, tellText } from "../print/show_content.ts";

interface Flags {
  readonly raw?: boolean;
  readonly headers?: boolean;
  readonly text?: boolean;
  readonly attempts?: boolean;
}

const view = (brief: string) =>
  ({ kind: "boolean", optional: true, withNegated: false, brief }) as const;

export const command = buildCommand<Flags, [string], Context>({
  async func(flags, prefix) {
    if (Object.values(flags).filter((given) => given).length > 1) {
      throw new MailqError(
        "usage",
        "Cannot show more than one of --raw --headers --text --attempts",
      );
    }
    const store = await this.queue();
    const id = await resolveId(store, prefix);
    const message = await store.show(id);
    if (message === null) throw new MailqError("usage", `Cannot find the message ${id}`);
    if (flags.raw) {
      for await (const piece of store.content(message.seq)) this.output.bytes(piece);
    } else if (flags.headers) await tellHeaders(this, store.content(message.seq));
    else if (flags.text) await tellText(this, store.content(message.seq));
    else if (this.output.isJson) this.output.json(detailShape(message));
    else if (flags.attempts) tellAttempts(this, message, true);
    else await tellDetail(this, message, (await store.status()).paused !== null);
  },
  parameters: {
    flags: {
      raw: view("The message's bytes as they are sent"),
      headers: view("Its header, for people to read"),
      text: view("Its text"),
      attempts: view("Every attempt with each reply, transcript and traceback"),
    },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "The id, or its unique beginning", placeholder: "ID", parse: anyText }],
    },
  },
  docs: {
    brief: "Show a message, its recipients and every attempt",
    fullDescription: `Shows a message: each recipient's state and last reply, and each attempt.

  mailq show 7kq3vd
  mailq show 7kq3vd --attempts
  mailq show 7kq3vd --raw > mail.eml`,
  },
});
