// Opens the sockets that listeners listen on: of the network, in the file system, and those that
// systemd has opened. Called by listeners.ts; who comes in is its affair.

import net from "node:net";
import {
  addressText,
  type ListenAddress,
  type ListenSettings,
  refuseOpen,
} from "../../config/tables/listen.ts";
import { errorText, MailqError } from "../../queue/errors.ts";
import { openSocketToAll } from "../../system/handles.ts";
import { removeFile, systemCode } from "../../system/files.ts";
import { isLoopbackAddress } from "../../config/tables/networks.ts";
import { isNewRuntime } from "./plan.ts";

/** A socket that is listened on. */
export interface OpenSocket {
  /** Where that is: the port it was given, too. */
  readonly place: string;
  close(): void;
}

interface SocketOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly listen: Pick<ListenSettings, "allow" | "users">;
  readonly onClient: (socket: net.Socket) => void;
  /** Told of what goes wrong later. */
  readonly onTrouble: (text: string) => void;
}

/** As many as are let in at once may wait for it. */
const BACKLOG = 1_024;
/** The first of the sockets that systemd hands over (sd_listen_fds(3)). */
const FIRST_FD = 3;

/** Begins to listen. Throws `busy` for a place in use, `permission`, and `config_invalid` for a place
 *  that is not of this machine or would be open to everybody. */
export async function openSocket(
  address: ListenAddress,
  options: SocketOptions,
): Promise<OpenSocket> {
  const server = net.createServer(
    // A client may have said all it has to say, and still want the answers.
    { allowHalfOpen: true, noDelay: true, keepAlive: true },
    options.onClient,
  );
  if (address.kind === "unix") await freePath(address.path);
  const where = address.kind === "tcp"
    ? { host: address.host, port: address.port }
    : address.kind === "unix"
    ? { path: address.path }
    : { fd: inheritedFd(address.name, options.env) };
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(refusal(address, error)));
    server.listen({ ...where, backlog: BACKLOG }, resolve);
  });
  server.removeAllListeners("error");
  server.on("error", (error) => {
    options.onTrouble(`the listener on ${addressText(address)} is in trouble: ${error.message}`);
  });
  const close = () => {
    server.close();
    if (address.kind === "unix") removeFile(address.path);
  };
  try {
    // Whoever may use this machine may send, as by the drop folder.
    if (address.kind === "unix") openSocketToAll(address.path);
    const bound = server.address();
    if (bound === null || typeof bound === "string") return { place: addressText(address), close };
    const { address: host, port } = bound;
    if (address.kind === "systemd" && !isLoopbackAddress(host)) {
      const open = refuseOpen(`${addressText(address)}, which is ${host}:${port}`, options.listen);
      if (open !== null) {
        throw new MailqError("config_invalid", `${open.text}: expected ${open.expected}`);
      }
    }
    const place = { kind: "tcp", host, port, isTls: address.isTls } as const;
    return { place: addressText(place), close };
  } catch (error) {
    close();
    throw error;
  }
}

/** What a process that was killed has left is removed; where somebody listens it is left alone. */
async function freePath(path: string): Promise<void> {
  let info: Deno.FileInfo;
  try {
    info = Deno.lstatSync(path);
  } catch {
    // What is wrong with the place is told by listening there.
    return;
  }
  if (!info.isSocket) {
    throw new MailqError(
      "config_invalid",
      `Cannot listen on ${path}: there is something else by that name`,
    );
  }
  try {
    (await Deno.connect({ transport: "unix", path })).close();
  } catch (error) {
    if (systemCode(error) === "ECONNREFUSED") removeFile(path);
    return;
  }
  throw inUse(path);
}

function inUse(place: string): MailqError {
  return new MailqError(
    "busy",
    `Cannot listen on ${place}: it is in use already; \`ss -lpn\` shows by whom`,
  );
}

/** The number of the socket that systemd calls `name`. */
function inheritedFd(name: string, env: Readonly<Record<string, string>>): number {
  const wrong = (reason: string) =>
    new MailqError("config_invalid", `Cannot listen on systemd:${name}: ${reason}`);
  if (!isNewRuntime(Deno.version.deno)) {
    throw wrong(`this build's Deno is ${Deno.version.deno}; expected a mailq on Deno 2.9 or later`);
  }
  const { LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES = "" } = env;
  if (LISTEN_FDS === undefined || Number(LISTEN_PID) !== Deno.pid) {
    throw wrong(
      "systemd has handed over no socket; expected a socket unit that starts this service",
    );
  }
  const names = LISTEN_FDNAMES.split(":");
  const index = names.indexOf(name);
  if (index >= 0 && index < Number(LISTEN_FDS)) return FIRST_FD + index;
  throw wrong(
    `expected FileDescriptorName=${name} in a socket unit; there are ${
      JSON.stringify(names.slice(0, Number(LISTEN_FDS)))
    }`,
  );
}

function refusal(address: ListenAddress, error: unknown): MailqError {
  const place = addressText(address);
  const failed = `Cannot listen on ${place}`;
  const is = (...codes: string[]) => codes.includes(codeOf(error));
  if (is("EADDRINUSE")) return inUse(place);
  if (is("EACCES", "EPERM")) {
    const isLow = address.kind === "tcp" && address.port < 1024;
    const advice = isLow
      ? "ports below 1024 need AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit, or a socket unit"
      : "the folder must be writable";
    return new MailqError("permission", `${failed}: permission denied; ${advice}`, {
      cause: error,
    });
  }
  if (is("EADDRNOTAVAIL", "EINVAL")) {
    return new MailqError("config_invalid", `${failed}: this machine has no such address`, {
      cause: error,
    });
  }
  if (is("ENOENT", "ENOTDIR")) {
    return new MailqError("config_invalid", `${failed}: there is no such folder`, { cause: error });
  }
  return new MailqError("io_error", `${failed}: ${errorText(error)}`, { cause: error });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : systemCode(error) ?? "";
}
