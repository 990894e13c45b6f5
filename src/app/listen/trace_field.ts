// The Received field of mail that comes over the network (RFC 5321 4.4): by it loops are found, and
// people see where mail came from. Made for each message by client_host.ts.

import type { SmtpClientFacts } from "../../intake/smtp/host.ts";
import { formatDate } from "../../intake/header/edit.ts";

interface Trace {
  readonly client: SmtpClientFacts;
  /** The client's address. */
  readonly address: string;
  readonly hostname: string;
  readonly isTls: boolean;
  readonly isUtf8: boolean;
  /** ms since 1970. */
  readonly now: number;
}

/** The value of the field for a message with this id. */
export function traceField(trace: Trace, id: string): string {
  const { client, address, hostname, now } = trace;
  // A domain or an address literal; anything else has no place in the field.
  const helo = /^\[?[A-Za-z0-9._:-]{1,255}\]?$/.test(client.helo) ? client.helo : "unknown";
  const literal = address.includes(":") ? `[IPv6:${address}]` : `[${address}]`;
  return `from ${helo} (${literal})\r\n by ${hostname} (mailq) with ${
    protocolOf(trace)
  } id ${id};` +
    `\r\n ${formatDate(now)}`;
}

/** RFC 3848, and RFC 6531 4.3 where addresses may be in UTF-8. */
function protocolOf({ client, isTls, isUtf8 }: Trace): string {
  if (!client.isExtended) return "SMTP";
  const base = isUtf8 ? "UTF8SMTP" : "ESMTP";
  return `${base}${isTls ? "S" : ""}${client.user === null ? "" : "A"}`;
}
