// The settings of [bounce]: who is told of mail that failed, and what becomes of mail that came back.
// definitions.ts takes the table in, settings.ts makes the typed settings; reports are src/app/reports'.

/** See SETTINGS. */
export const BOUNCE_SETTINGS = {
  "bounce.to": {
    kind: "receiver",
    choices: ["sender", "off"],
    default: null,
    doc: "Who is told of mail that could not be delivered: sender, an address or off; else " +
      "admin_address",
  },
  "bounce.delay": {
    kind: "duration",
    default: null,
    doc: "Mail that waits for so long is told as well, once",
  },
  "bounce.limit": {
    kind: "int",
    default: 100,
    doc: "The most reports to one address an hour; what is more is told in one digest",
    min: 1,
  },
  "bounce.address": {
    kind: "address",
    default: null,
    doc:
      "Mail to this address by listen.smtp, also with +ANYTHING, is read as `mailq bounced` does",
  },
  "bounce.suppress_after": {
    kind: "int",
    default: null,
    doc: "An address that does not exist is suppressed once so many messages came back from it",
    min: 1,
  },
} as const;

/** Who is told of mail that could not be delivered, and what becomes of mail that came back. */
export interface BounceSettings {
  /** `sender`, or an address for all; null = nobody. */
  readonly to: string | null;
  /** Null = nobody is told of mail that waits. */
  readonly delayMs: number | null;
  /** Reports to one address an hour. */
  readonly limit: number;
  /** Where mail comes back to by a listener; null = nowhere. */
  readonly address: string | null;
  /** Null = no address is suppressed for mail that came back. */
  readonly suppressAfter: number | null;
}

/** Gives a setting once it has been read. */
interface Get {
  (name: "bounce.to" | "bounce.address"): string | null;
  (name: "bounce.limit"): number;
  (name: "bounce.delay" | "bounce.suppress_after"): number | null;
}

/** Makes the settings of their values; whoever gets other mail of the machine also gets reports. */
export function bounceSettings(get: Get, adminAddress: string | null): BounceSettings {
  const to = get("bounce.to") ?? adminAddress;
  return {
    to: to === "off" ? null : to,
    delayMs: get("bounce.delay"),
    limit: get("bounce.limit"),
    address: get("bounce.address"),
    suppressAfter: get("bounce.suppress_after"),
  };
}
