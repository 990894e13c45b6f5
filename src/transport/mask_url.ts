/** A relay URL as it may be shown: a password in it reads `***`. */
export function maskPassword(url: string): string {
  // Up to the last "@", since a password may hold one unencoded.
  return url.replace(/^([a-z][a-z0-9+.-]*:\/*[^:@]*):.*@/is, "$1:***@");
}
