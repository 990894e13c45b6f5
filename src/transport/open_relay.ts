import { MailqError } from "../queue/errors.ts";
import type { Relay } from "../queue/ports.ts";
import type { RelayTarget } from "../queue/relay_target.ts";
import { consoleRelay, type Writer } from "./console.ts";
import { nullRelay } from "./null.ts";

/** A relay as the settings describe it. */
export interface RelayRequest {
  readonly name: string;
  readonly target: RelayTarget;
  /** Whether a login is asked for, in the URL or beside it. */
  readonly hasLogin: boolean;
  /** Whether mail may go out only under TLS. */
  readonly requiresTls: boolean;
}

/** What relays need of the program. */
export interface RelayContext {
  /** Our name towards SMTP servers. */
  readonly heloName: string;
  /** Where `console:` writes. */
  readonly write: Writer;
}

/** Makes a relay; nothing is connected yet. Throws `config_invalid` for what this version cannot
 *  do: to send without the TLS or the login that was asked for is no way out. */
export async function openRelay(request: RelayRequest, context: RelayContext): Promise<Relay> {
  const { name, target } = request;
  if (request.requiresTls || (target.kind === "smtp" && target.isImplicitTls)) {
    throw refusal(name, "with TLS", "an smtp: relay with tls.mode off or opportunistic");
  }
  if (request.hasLogin) throw refusal(name, "with a login", "an smtp: relay without one");
  switch (target.kind) {
    case "smtp": {
      // Loaded on demand: commands that send nothing start without the SMTP client.
      const { smtpRelay } = await import("./smtp/transport.ts");
      const { host, port } = target;
      return smtpRelay({ name, host, port, heloName: context.heloName });
    }
    case "console":
      return consoleRelay(name, context.write);
    case "null":
      return nullRelay(name);
    default:
      throw refusal(name, `by ${target.kind}:`, "smtp:, console: or null:");
  }
}

function refusal(name: string, how: string, expected: string): MailqError {
  return new MailqError(
    "config_invalid",
    `Cannot send to the relay "${name}" ${how}: this version does not know how; expected ${expected}`,
  );
}
