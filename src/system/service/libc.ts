// Calls into the system's C library for the little that Deno has no name for: datagrams to a Unix socket,
// and waiting for children that are nobody's. Loaded only where systemd, or being process 1, asks for
// it. Everything here is a convenience: where the library cannot be opened nothing is done.

const SYMBOLS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  sendto: { parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"], result: "isize" },
  close: { parameters: ["i32"], result: "i32" },
  waitpid: { parameters: ["i32", "pointer", "i32"], result: "i32" },
} as const;

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const MSG_NOSIGNAL_DONTWAIT = 0x4000 | 0x40;
const WNOHANG = 1;
const LONGEST_PATH = 107;

let library: Deno.DynamicLibrary<typeof SYMBOLS> | null | undefined;

function symbols(): Deno.DynamicLibrary<typeof SYMBOLS>["symbols"] | null {
  if (library === undefined) {
    try {
      library = Deno.dlopen("libc.so.6", SYMBOLS);
    } catch {
      library = null;
    }
  }
  return library?.symbols ?? null;
}

/** Sends one datagram to a Unix socket: a path, or an abstract name behind @. False if it cannot be
 *  sent; never waits. */
export function sendDatagram(to: string, text: string): boolean {
  const libc = symbols();
  const path = new TextEncoder().encode(to);
  if (libc === null || path.length === 0 || path.length > LONGEST_PATH) return false;
  const address = new Uint8Array(2 + LONGEST_PATH + 1);
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(path, 2);
  const isAbstract = to.startsWith("@");
  if (isAbstract) address[2] = 0;
  const length = 2 + path.length + (isAbstract ? 0 : 1);
  const socket = libc.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  if (socket < 0) return false;
  try {
    const bytes = new TextEncoder().encode(text);
    const sent = libc.sendto(
      socket,
      bytes,
      BigInt(bytes.length),
      MSG_NOSIGNAL_DONTWAIT,
      address,
      length,
    );
    return Number(sent) === bytes.length;
  } finally {
    libc.close(socket);
  }
}

/** Lets the system forget a child that has ended. */
export function reapChild(pid: number): void {
  symbols()?.waitpid(pid, null, WNOHANG);
}
