import { MailqError } from "../../queue/errors.ts";
import { maskPassword } from "../mask_url.ts";

/** Where an SMTP relay is. */
export interface SmtpAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string | null;
}

const SMTP_PORT = 25;

/** Reads `smtp://[user@]host[:port]`, IPv6 literals in brackets. Throws `config_invalid`; a
 *  password that stands in the URL by mistake is not repeated. */
export function parseSmtpUrl(url: string): SmtpAddress {
  const parts = /^smtp:\/\/(?:(.*)@)?(\[[^\]]*\]|[^:/?#@[\]]*)(?::([^/?#]*))?\/?(.*)$/is.exec(url);
  const shown = maskPassword(url);
  const invalid = (why: string) =>
    new MailqError("config_invalid", `Cannot use the relay URL ${JSON.stringify(shown)}: ${why}`);
  if (parts === null) throw invalid("expected smtp://[user@]host[:port]");
  if (/^smtp:\/\/(.*@)?[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*$/i.test(url)) {
    throw invalid("an IPv6 address belongs in brackets");
  }
  const [, userPart, hostPart = "", portPart, rest] = parts;
  if (userPart?.includes(":")) {
    throw invalid("a password does not belong into it; use password_file or password_command");
  }
  if (rest !== "") throw invalid("nothing may follow the host and port");
  return {
    host: readHost(hostPart, invalid),
    port: readPort(portPart, invalid),
    user: readUser(userPart, invalid),
  };
}

type Invalid = (why: string) => MailqError;

function readHost(text: string, invalid: Invalid): string {
  if (text === "") throw invalid("the host is missing");
  if (text.startsWith("[")) {
    const literal = text.slice(1, -1);
    const isLiteral = URL.canParse(`http://[${literal.replace(/%.*$/, "")}]`) &&
      /^[0-9a-f:.]+(%[\w.-]+)?$/i.test(literal);
    if (!isLiteral) throw invalid(`"${literal}" is no IPv6 address`);
    return literal;
  }
  if (!/^[\p{L}\p{N}_.-]+$/u.test(text)) throw invalid(`"${text}" is no host name or address`);
  return text;
}

function readPort(text: string | undefined, invalid: Invalid): number {
  if (text === undefined) return SMTP_PORT;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535) {
    throw invalid(`the port is "${text}", expected 1 to 65535`);
  }
  return port;
}

function readUser(text: string | undefined, invalid: Invalid): string | null {
  if (text === undefined) return null;
  if (text === "") throw invalid('the user before "@" is missing');
  let user: string;
  try {
    user = decodeURIComponent(text);
  } catch {
    throw invalid(`the user "${text}" has a "%" that begins no encoded character`);
  }
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x1f\x7f]/.test(user)) throw invalid("the user has a control character in it");
  return user;
}
