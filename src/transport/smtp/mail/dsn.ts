// What MAIL and RCPT say of delivery status notifications (RFC 3461), and xtext, in which they say
// it. `envelope_steps.ts` asks for it where the server offers DSN.

import type { DsnRequest, RecipientDsn } from "../../../queue/dsn.ts";

/** What MAIL says of notifications (RFC 3461 sections 4.3 and 4.4). */
export function mailParameters(dsn: DsnRequest | null | undefined): string {
  if (!dsn) return "";
  let text = "";
  if (dsn.ret !== null) text += dsn.ret === "full" ? " RET=FULL" : " RET=HDRS";
  // ENVID has room for 100 characters.
  const envid = xtext(dsn.envid ?? "");
  return envid !== null && envid !== "" && envid.length <= 100 ? `${text} ENVID=${envid}` : text;
}

/** What RCPT says of them (RFC 3461 sections 4.1 and 4.2). */
export function rcptParameters(dsn: RecipientDsn | null | undefined): string {
  if (!dsn) return "";
  let text = "";
  if (dsn.notify.length > 0) {
    const wanted = dsn.notify.includes("never") ? ["never"] : [...new Set(dsn.notify)];
    text += ` NOTIFY=${wanted.join(",").toUpperCase()}`;
  }
  const [, type = "", address = ""] = /^([A-Za-z\d-]+);(.+)$/s.exec(dsn.orcpt ?? "") ?? [];
  const encoded = xtext(address);
  const isOrcpt = encoded !== null && encoded !== "" && type.length + encoded.length < 500;
  return isOrcpt ? `${text} ORCPT=${type};${encoded}` : text;
}

/** Text as xtext, or null where it is not ASCII, which xtext cannot say. */
export function xtext(text: string): string | null {
  let encoded = "";
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code > 126) return null;
    const isPlain = code > 32 && character !== "+" && character !== "=";
    encoded += isPlain ? character : `+${code.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}
