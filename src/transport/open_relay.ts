import { MailqError } from "../queue/errors.ts";
import type { Relay } from "../queue/ports.ts";
import type { PasswordSource, RelayTarget, TlsSettings } from "../queue/relay_target.ts";
import { consoleRelay, type Writer } from "./console.ts";
import { nullRelay } from "./null.ts";

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
}

/** Makes a relay; nothing is connected yet. Throws `config_invalid` for what this version cannot
 *  do, and for settings that cannot be used. */
export async function openRelay(request: RelayRequest, context: RelayContext): Promise<Relay> {
  const { name, target } = request;
  switch (target.kind) {
    case "smtp": {
      // Loaded on demand: commands that send nothing start without the SMTP client.
      const { openSmtpRelay } = await import("./smtp/open_smtp_relay.ts");
      return await openSmtpRelay(request, target, context);
    }
    case "lmtp":
    case "lmtp_socket": {
      const { openLmtpRelay } = await import("./smtp/open_smtp_relay.ts");
      return await openLmtpRelay(request, target, context);
    }
    case "console":
      return consoleRelay(name, context.write);
    case "null":
      return nullRelay(name);
    default:
      throw refusal(name, `by ${target.kind}:`, "smtp:, lmtp:, console: or null:");
  }
}

function refusal(name: string, how: string, expected: string): MailqError {
  return new MailqError(
    "config_invalid",
    `Cannot send to the relay "${name}" ${how}: this version does not know how; expected ${expected}`,
  );
}
