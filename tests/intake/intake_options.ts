import type { IntakeOptions, IntakeSettings } from "../../src/intake/options.ts";
import type { Random } from "../../src/system/time.ts";

/** 2026-11-22 12:00 UTC. */
export const NOW = Date.UTC(2026, 10, 22, 12);

/** The same bytes each time. */
export const fixedRandom: Random = {
  unit: () => 0.5,
  bytes: (count) => Uint8Array.from({ length: count }, (_, i) => i),
};

export const settings: IntakeSettings = {
  from: null,
  forceFrom: null,
  hostname: "host.example",
  user: "cron",
  adminAddress: null,
  local: null,
  headerFrom: "qualify",
  longLines: "encode",
  maxSizeBytes: 50_000_000,
  redirectTo: null,
};

/** Options of a message to rcpt@example.org, for tests that are not about its envelope. */
export function intakeOptions(
  changes: Partial<IntakeOptions> = {},
  changedSettings: Partial<IntakeSettings> = {},
): IntakeOptions {
  return {
    to: ["rcpt@example.org"],
    now: NOW,
    random: fixedRandom,
    ...changes,
    settings: { ...settings, ...changedSettings },
  };
}

/** Bytes of text, one byte a character. */
export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** Text of bytes, one character a byte. */
export function textOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
