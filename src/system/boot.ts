// Tells this boot of the machine from earlier ones, by eight bytes that can be kept in a file. Used
// for what a power cut may have taken: what was written but not synced is still there as long as the
// machine runs.

const MARK_BYTES = 8;
const TOLERANCE_MS = 5_000;

/** What tells one boot from another. */
export interface Boot {
  /** The system's own name for it; null where it has none. */
  readonly id: string | null;
  /** When the machine started, by its own clock, ms since 1970. */
  readonly atMs: number;
}

/** This boot. */
export function thisBoot(): Boot {
  return { id: bootId(), atMs: Date.now() - Deno.osUptime() * 1000 };
}

function bootId(): string | null {
  try {
    return Deno.readTextFileSync("/proc/sys/kernel/random/boot_id").trim();
  } catch {
    return null;
  }
}

/** Eight bytes that stand for a boot: of the system's name for it. Clocks are set, and machines without
 *  one begin at the same time again and again, so only where there is no name is it the time. */
export function bootMark(boot: Boot): Uint8Array {
  const bytes = new Uint8Array(MARK_BYTES);
  const view = new DataView(bytes.buffer);
  const half = halfOf(boot.id);
  if (half === null) view.setFloat64(0, boot.atMs);
  else view.setBigUint64(0, half);
  return bytes;
}

/** Whether what begins with such bytes was written in this boot. False where that cannot be told. */
export function isOfBoot(bytes: Uint8Array, boot: Boot): boolean {
  if (bytes.length < MARK_BYTES) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const half = halfOf(boot.id);
  if (half !== null) return view.getBigUint64(0) === half;
  return Math.abs(view.getFloat64(0) - boot.atMs) <= TOLERANCE_MS;
}

/** The first half of a boot's name, which is a UUID. */
function halfOf(id: string | null): bigint | null {
  const digits = (id ?? "").replaceAll("-", "").slice(0, 2 * MARK_BYTES);
  return /^[0-9a-f]{16}$/.test(digits) ? BigInt(`0x${digits}`) : null;
}
