import { MailqError } from "../queue/errors.ts";
import type { Relay } from "../queue/ports.ts";
import type { RelayTarget } from "../queue/relay_target.ts";
import { consoleRelay, type Writer } from "./console.ts";
import { nullRelay } from "./null.ts";
import { RELAYING, type Variables } from "./program_variables.ts";

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
  /** The environment that programs get; by default ours. */
  readonly env?: Variables;
  /** The file we run from; by default that of this process. */
  readonly ownPath?: string;
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
    case "sendmail": {
      refuseNesting(name, context.env);
      const { checkNotOurselves, sendmailRelay }: typeof import("./sendmail.ts") = await import(
        import.meta.resolve("./sendmail.ts")
      );
      await checkNotOurselves(name, target.path, context.ownPath ?? Deno.execPath());
      return sendmailRelay({ name, path: target.path, env: context.env });
    }
    case "exec": {
      refuseNesting(name, context.env);
      const { execRelay }: typeof import("./exec.ts") = await import(
        import.meta.resolve("./exec.ts")
      );
      return execRelay({ name, command: target.command, env: context.env });
    }
    case "maildir": {
      const { maildirRelay }: typeof import("./maildir.ts") = await import(
        import.meta.resolve("./maildir.ts")
      );
      return maildirRelay({ name, path: target.path, hostname: context.heloName });
    }
    case "file": {
      const { fileRelay }: typeof import("./file.ts") = await import(
        import.meta.resolve("./file.ts")
      );
      return fileRelay({ name, path: target.path });
    }
    default:
      throw refusal(
        name,
        `by ${target.kind}:`,
        "smtp:, sendmail:, exec:, maildir:, file:, console: or null:",
      );
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

function refusal(name: string, how: string, expected: string): MailqError {
  return new MailqError(
    "config_invalid",
    `Cannot send to the relay "${name}" ${how}: this version does not know how; expected ${expected}`,
  );
}
