// Addresses and networks of IPv4 and IPv6: read, and looked up. The settings read networks by it;
// the listeners ask whether a client is in one.

/** A network: the first `bits` of `bytes`, of 4 or 16. */
export interface Network {
  readonly bytes: readonly number[];
  readonly bits: number;
}

/** Reads `10.0.0.0/8`, `fd00::/8` or a single address; null for anything else, and for a network
 *  whose address has bits behind its length. */
export function parseNetwork(text: string): Network | null {
  const [, address = "", length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const bytes = addressBytes(address);
  if (bytes === null) return null;
  const bits = length === undefined ? bytes.length * 8 : Number(length);
  if (bits > bytes.length * 8) return null;
  const isWhole = bytes.every((byte, i) => (byte & ~maskAt(bits, i) & 0xff) === 0);
  return isWhole ? { bytes, bits } : null;
}

/** Whether an address is in a network. An IPv4 address that is written as IPv6 (`::ffff:1.2.3.4`)
 *  counts as what it is. */
export function isInNetwork(address: string, { bytes, bits }: Network): boolean {
  const own = addressBytes(address);
  if (own === null || own.length !== bytes.length) return false;
  return own.every((byte, i) => ((byte ^ (bytes[i] ?? 0)) & maskAt(bits, i)) === 0);
}

const LOOPBACK: readonly Network[] = [
  { bytes: [127, 0, 0, 0], bits: 8 },
  { bytes: [...new Array<number>(15).fill(0), 1], bits: 128 },
];

/** Whether an address is this machine's own, which nothing outside of it can reach or have. */
export function isLoopbackAddress(address: string): boolean {
  return LOOPBACK.some((network) => isInNetwork(address, network));
}

/** Which bits of the byte at `index` belong to a network of so many. */
function maskAt(bits: number, index: number): number {
  const own = Math.min(8, Math.max(0, bits - index * 8));
  return (0xff << (8 - own)) & 0xff;
}

/** The bytes of an address, 4 or 16; null for what is none. Its zone (`fe80::1%eth0`) is left out. */
function addressBytes(text: string): readonly number[] | null {
  const address = text.replace(/%.*$/s, "");
  if (!address.includes(":")) return ipv4Bytes(address);
  const bytes = ipv6Bytes(address);
  if (bytes === null) return null;
  const isMapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff &&
    bytes[11] === 0xff;
  return isMapped ? bytes.slice(12) : bytes;
}

function ipv4Bytes(text: string): readonly number[] | null {
  if (!/^(?:\d{1,3}\.){3}\d{1,3}$/.test(text)) return null;
  const bytes = text.split(".").map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : null;
}

function ipv6Bytes(text: string): readonly number[] | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head, tail] = halves.map(groupBytes);
  if (head === undefined || head === null || tail === null) return null;
  if (tail === undefined) return head.length === 16 ? head : null;
  const missing = 16 - head.length - tail.length;
  return missing < 2 ? null : [...head, ...new Array<number>(missing).fill(0), ...tail];
}

/** Groups of four digits, the last two perhaps as an IPv4 address. */
function groupBytes(text: string): readonly number[] | null {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [i, group] of groups.entries()) {
    const ipv4 = i === groups.length - 1 && group.includes(".") ? ipv4Bytes(group) : null;
    if (ipv4 !== null) bytes.push(...ipv4);
    else if (!/^[\da-f]{1,4}$/i.test(group)) return null;
    else bytes.push(parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff);
  }
  return bytes.length <= 16 ? bytes : null;
}
