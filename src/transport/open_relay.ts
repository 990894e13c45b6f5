// Makes the relay of a URL in the settings, whatever its kind. The application calls it once for
// each relay. Each kind is loaded only when it is wanted: a command that sends nothing starts
// without the SMTP client.

import { MailqError } from "../queue/errors.ts";
import type { Relay } from "../queue/ports/transport.ts";
import { consoleRelay } from "./console.ts";
import { nullRelay } from "./null.ts";
import { RELAYING, type Variables } from "./program/variables.ts";
import type { RelayRequest } from "../queue/relay_target.ts";
import type { RelayContext } from "./relay_context.ts";

/** Makes a relay; nothing is connected yet. Throws `config_invalid` for
 *  settings that cannot be used. */
export async function openRelay(request: RelayRequest, context: RelayContext): Promise<Relay> {
  const { name, target } = request;
  switch (target.kind) {
    case "smtp": {
      // Loaded on demand: commands that send nothing start without the SMTP client.
      const { openSmtpRelay }: typeof import("./smtp/open_smtp_relay.ts") = await import(
        import.meta.resolve("./smtp/open_smtp_relay.ts")
      );
      return await openSmtpRelay(request, target, context);
    }
    case "lmtp":
    case "lmtp_socket": {
      const { openLmtpRelay }: typeof import("./smtp/open_smtp_relay.ts") = await import(
        import.meta.resolve("./smtp/open_smtp_relay.ts")
      );
      return await openLmtpRelay(request, target, context);
    }
    case "console":
      return consoleRelay(name, context.write);
    case "null":
      return nullRelay(name);
    case "sendmail": {
      refuseNesting(name, context.env);
      const { checkNotOurselves, sendmailRelay }: typeof import("./program/sendmail.ts") =
        await import(
          import.meta.resolve("./program/sendmail.ts")
        );
      const ownPath = context.ownPath ?? Deno.execPath();
      await checkNotOurselves({ relay: name, path: target.path, ownPath });
      return sendmailRelay({ name, path: target.path, env: context.env });
    }
    case "exec": {
      refuseNesting(name, context.env);
      const { execRelay }: typeof import("./program/exec.ts") = await import(
        import.meta.resolve("./program/exec.ts")
      );
      return execRelay({ name, command: target.command, env: context.env });
    }
    case "maildir": {
      const { maildirRelay }: typeof import("./mailbox/maildir.ts") = await import(
        import.meta.resolve("./mailbox/maildir.ts")
      );
      return maildirRelay({ name, path: target.path, hostname: context.heloName });
    }
    case "file": {
      const { fileRelay }: typeof import("./mailbox/file.ts") = await import(
        import.meta.resolve("./mailbox/file.ts")
      );
      return fileRelay({ name, path: target.path });
    }
  }
}

/** A program that a relay of ours runs must not hand mail to a program in turn: a wrapper around
 *  mailq would run itself for ever. */
function refuseNesting(name: string, env: Variables = Deno.env.toObject()): void {
  const outer = env[RELAYING];
  if (outer === undefined) return;
  throw new MailqError(
    "config_invalid",
    `Cannot send to the relay "${name}" from within the program of the relay "${outer}": ` +
      "mail would go round in circles; expected sendmail: or exec: to lead out of mailq",
  );
}
