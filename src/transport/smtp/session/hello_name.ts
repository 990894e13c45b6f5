// What we call ourselves in EHLO and HELO. `open_session.ts` asks for it on each connection; the
// name itself comes from the settings.

/** A full name: labels of letters, digits and hyphens, two at least, the last one no number. */
const FULL_NAME = /^(?:[a-z\d](?:[a-z\d-]*[a-z\d])?\.)+(?!\d+$)[a-z\d](?:[a-z\d-]*[a-z\d])?$/i;

/** `name` where it is a full one, else the address of our end as a literal (RFC 5321 4.1.4):
 *  `[192.0.2.1]`, `[IPv6:2001:db8::1]`. Many servers refuse mail after a bare `web1` or a name
 *  with an underscore, which containers have. Without an address the name stands. */
export function helloName(name: string, localAddress: string | null): string {
  if (name.startsWith("[") || FULL_NAME.test(name) || localAddress === null) return name;
  const address = localAddress.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "");
  return address.includes(":") ? `[IPv6:${address}]` : `[${address}]`;
}
