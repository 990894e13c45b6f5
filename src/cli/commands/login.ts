// `mailq login`: logs in to a relay by OAuth 2. The ways of doing that are src/app/login's; here is what a
// person is shown and asked.

import { buildCommand } from "@stricli/core";
import { logInTo } from "../../app/login/login.ts";
import { sanitise } from "../../display/sanitise.ts";
import { MailqError } from "../../queue/errors.ts";
import { queueExists } from "../../store/open.ts";
import { type FlagsOf, oneArgument, toggle } from "../flags/builders.ts";
import type { Context } from "../frame/context.ts";

const FLAGS = {
  device: toggle("By a code that is typed on another device"),
  paste: toggle("The browser is on another machine: paste the address it ends at"),
};

export const command = buildCommand<FlagsOf<typeof FLAGS>, [string], Context>({
  async func({ device = false, paste = false }, relay) {
    if (device && paste) {
      throw new MailqError("usage", "Cannot use both --device and --paste: give one of them");
    }
    const { app, output, machine } = this;
    const settings = await this.settings("all");
    const way = device ? "device" : paste ? "paste" : "browser";
    const done = await logInTo(app, settings, relay, {
      way,
      onUrl: (url, code) => {
        if (output.isJson) output.json({ url, code });
        else {
          output.line(code === null ? "Open this in a browser:" : "Open this in any browser:");
          output.line(`  ${sanitise(url)}`);
          if (code !== null) output.line(`and type the code  ${sanitise(code)}`);
          if (paste) {
            output.line("It ends at a page that cannot be shown. Paste that page's address here:");
          }
        }
        output.flush();
      },
      readPasted: () => readLine(machine.stdin),
    });
    // What was refused for want of a login can go again.
    if (queueExists(settings.queue)) {
      const store = await this.openQueue(settings, { create: false });
      await store.resumePart({ scope: "relay", value: relay });
    }
    const { user, file, endsAt, isRenewed } = done;
    const ends = endsAt === null ? null : new Date(endsAt).toISOString();
    if (output.isJson) return output.json({ relay, user, file, ends_at: ends, renewed: isRenewed });
    output.line(
      `Logged in to the relay ${relay} as ${user}; ` +
        (isRenewed ? "the login is renewed by itself" : "the provider lets nobody renew it") +
        (ends === null ? "" : `, and ends ${ends.slice(0, 10)}`),
    );
    output.line(`→ mailq test ${user}`);
  },
  parameters: {
    flags: FLAGS,
    positional: oneArgument({ brief: "The relay, such as default", placeholder: "RELAY" }),
  },
  docs: {
    brief: "Log in to a relay by OAuth2: Google, Microsoft or any provider",
    fullDescription:
      `Logs in with a browser, and keeps the login beside the queue, readable to its owner
alone. \`send\` and \`run\` renew it by themselves; \`status\`, its monitor's line and
\`doctor\` tell 14 days before it ends. With --device a code is typed on any device
(Microsoft); with --paste the browser is on another machine.

  [relay.default]
  url = "smtp://me@smtp.gmail.com:587"
  oauth.provider = "google"
  oauth.client_id = "…"                 (of an application registered with the provider)
  oauth.client_secret_file = "/etc/mailq.client"            (where it has a secret)

  mailq login default
  mailq login default --paste`,
  },
});

const LINE_BYTES = 16 * 1024;

/** The first line of standard input. */
async function readLine(stdin: Context["machine"]["stdin"]): Promise<string> {
  const bytes: number[] = [];
  const piece = new Uint8Array(1024);
  for (;;) {
    const count = await stdin.read(piece);
    if (count === null || bytes.length > LINE_BYTES) break;
    bytes.push(...piece.subarray(0, count));
    if (piece.subarray(0, count).includes(10)) break;
  }
  return new TextDecoder().decode(new Uint8Array(bytes)).split("\n", 1)[0] ?? "";
}
