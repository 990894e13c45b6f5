// The warning about a hostname that is no full name. Printed by the commands that show what is set,
// `config` and `sendmail -bv`; taking and sending mail does not wait for a better one.

/** What to tell of a hostname without a dot; null for any other. */
export function hostnameWarning(hostname: string): string | null {
  if (hostname.includes(".")) return null;
  return `hostname is ${
    JSON.stringify(hostname)
  }, which is no full name: relays may refuse it in ` +
    "HELO and in addresses; set hostname, or write the full name in /etc/mailname or /etc/hosts";
}
