// Addresses by their domain: the domain itself, and the form that every relay takes, with the domain
// as DNS writes it. Composing writes headers with that, and SMTP uses it in envelopes for relays
// without SMTPUTF8; delivery asks for domains.

/** The domain of an address, in small letters. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1).toLowerCase();
}

/** An address whose domain is in ASCII (RFC 5890). One with a local part beyond ASCII has no such
 *  form and stays as it is, as does one whose domain DNS could not have. */
export function asciiAddress(address: string): string {
  const at = address.lastIndexOf("@");
  const domain = address.slice(at + 1);
  if (at < 0 || isAscii(domain) || !isAscii(address.slice(0, at))) return address;
  try {
    const { hostname } = new URL(`http://${domain}`);
    return /^[a-z0-9_.-]+$/.test(hostname) ? `${address.slice(0, at)}@${hostname}` : address;
  } catch {
    return address; // The relay says what it thinks of it.
  }
}

/** Whether a text is all ASCII. */
export function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 127) return false;
  return true;
}
