import { MailqError } from "../queue/errors.ts";
import type { Relay } from "../queue/ports/transport.ts";
import type { PasswordSource, RelayTarget, TlsSettings } from "../queue/relay_target.ts";
import { consoleRelay, type Writer } from "./console.ts";
import { nullRelay } from "./null.ts";
import { RELAYING, type Variables } from "./program/variables.ts";

/** A relay as the settings describe it. */
export interface RelayRequest {
  readonly name: string;
  readonly target: RelayTarget;
  readonly user: string | null;
  /** Null = with a user: systemd's credential `mailq-password-NAME`, else `mailq-password`. */
  readonly password: PasswordSource | null;
  readonly tls: TlsSettings;
  /** Recipients of one transaction at most; null = as many as the relay takes. */
  readonly recipientLimit: number | null;
}

/** What relays need of the program. */
export interface RelayContext {
  /** Our name towards SMTP servers. */
  readonly heloName: string;
  /** Where systemd keeps our credentials; null = there are none. */
  readonly credentialsFolder?: string | null;
  /** Where `console:` writes. */
  readonly write: Writer;
  /** The environment that programs get; by default ours. */
  readonly env?: Variables;
  /** The file we run from; by default that of this process. */
  readonly ownPath?: string;
}

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
      await checkNotOurselves(name, target.path, context.ownPath ?? Deno.execPath());
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
