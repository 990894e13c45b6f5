// Reads a relay's URL and masks the password in one. Called by kinds.ts for complaints and by
// relays.ts for the relay itself. Opening what it names is left to src/transport.

import type { Login, RelayTarget } from "../../queue/relay_target.ts";

/** A URL that leads nowhere: the wrong part (no secret in it) and what would be right. */
interface WrongUrl {
  readonly kind: "wrong";
  readonly part: string | null;
  readonly expected: string;
}

const DEFAULT_PORTS = { smtp: 25, smtps: 465, lmtp: 24 } as const;
type NetworkScheme = keyof typeof DEFAULT_PORTS;
const PATH_SCHEMES = ["sendmail", "maildir", "file"] as const;
const RELAY_SCHEMES: readonly string[] = [
  ...Object.keys(DEFAULT_PORTS),
  ...PATH_SCHEMES,
  "exec",
  "console",
  "null",
];

function wrong(expected: string, part: string | null = null): WrongUrl {
  return { kind: "wrong", expected, part };
}

/** A URL or a queue's name with the password in it as `***`. In doubt more is masked: a password
 *  may hold an unescaped `@`, `:` or `/`, and the host or the `//` may have been forgotten. */
export function maskUrl(text: string): string {
  if (/^(exec|sendmail|maildir|file):/i.test(text)) return text;
  return text
    .replace(/^([\w+.-]+:\/\/[^:]*):.*@/s, "$1:***@")
    .replace(/^([^:/][^:]*):(?!\/\/).*@/s, "$1:***@")
    .replace(/^([\w+.-]+:\/\/[^:[]+):(?!\d*(\/|$)|\*{3}@).*$/s, "$1:***")
    .replace(/([?&](?:password|token|secret)=)[^&#]*/gi, "$1***");
}

/** Reads a relay's URL. A login needs no escaping of `@`: the last one ends it. */
export function parseRelayUrl(text: string): RelayTarget | WrongUrl {
  const [, writtenScheme, rest = ""] = /^([a-z][a-z\d+.-]*):(.*)$/is.exec(text) ?? [];
  const scheme = writtenScheme?.toLowerCase() ?? "";
  if (scheme === "") return wrong("a URL such as smtp://user@host:587");
  if (scheme === "console" || scheme === "null") {
    return /^\/{0,2}$/.test(rest) ? { kind: scheme } : wrong(`${scheme}: with nothing after it`);
  }
  if (scheme === "exec") {
    return rest.trim() === ""
      ? wrong("a command, such as exec:/usr/local/bin/deliver")
      : { kind: scheme, command: rest.trim() };
  }
  for (const kind of PATH_SCHEMES) {
    if (kind === scheme) return parsePath(kind, rest);
  }
  return scheme in DEFAULT_PORTS
    ? parseNetwork(scheme as NetworkScheme, rest) // it is one of the table's keys
    : wrong(`one of ${RELAY_SCHEMES.join(", ")}`, `the scheme "${scheme}"`);
}

function parsePath(kind: typeof PATH_SCHEMES[number], rest: string): RelayTarget | WrongUrl {
  const path = rest.replace(/^\/\/(?=\/)/, "");
  // A container's log is no file that can be locked, or cut after a write that failed.
  if (kind === "file" && path === "/dev/stdout") return { kind: "console" };
  if (kind === "file" && /^\/dev\/(?:stdin|stderr|fd\/|null$|tty)/.test(path)) {
    return wrong("the path of a file; console: writes mail to standard output");
  }
  return path.startsWith("/") && !path.startsWith("//")
    ? { kind, path }
    : wrong(`an absolute path, such as ${kind}:/path`);
}

function parseNetwork(scheme: NetworkScheme, rest: string): RelayTarget | WrongUrl {
  const socket = /^(?:\/\/)?(?:unix:)?(\/[^/].*)$/.exec(rest)?.[1];
  if (scheme === "lmtp" && socket !== undefined) return { kind: "lmtp_socket", path: socket };

  const example = `${scheme}://host:${DEFAULT_PORTS[scheme]}`;
  if (!rest.startsWith("//")) return wrong(`a host, such as ${example}`);
  const [authority = "", ...after] = rest.slice(2).split(/[/?#]/);
  if (after.join("").includes("@")) {
    return wrong("%2F for /, %3F for ? and %23 for # in a user or password");
  }
  if (after.join("") !== "") return wrong(`nothing after the port, such as ${example}`);
  const at = authority.lastIndexOf("@");
  const [, host = "", portText] = /^(\[[\da-f:.]+\]|[^:[\]]*)(?::(.*))?$/is.exec(
    authority.slice(at + 1),
  ) ?? [];
  if (!/^(\[.+\]|[\w.\u00a1-\uffff-]+)$/.test(host)) return wrong(`a host, such as ${example}`);
  const port = portText === undefined ? DEFAULT_PORTS[scheme] : Number(portText);
  if (!Number.isInteger(port) || !/^\d*$/.test(portText ?? "") || port < 1 || port > 65_535) {
    // What is no number may be a password whose host was forgotten.
    return wrong("1 to 65535", /^\d+$/.test(portText ?? "") ? `port ${portText}` : "the port");
  }
  const login = at < 0 ? null : parseLogin(authority.slice(0, at));
  if (login !== null && "kind" in login) return login;
  const name = host.replace(/^\[|\]$/g, "");
  if (scheme !== "lmtp") {
    return { kind: "smtp", host: name, port, isImplicitTls: scheme === "smtps", login };
  }
  return login === null
    ? { kind: "lmtp", host: name, port }
    : wrong(`no login, such as ${example}: LMTP has none`);
}

function parseLogin(text: string): Login | WrongUrl {
  const [, user = "", password] = /^([^:]*)(?::(.*))?$/s.exec(text) ?? [];
  try {
    if (user === "") return wrong("a user before the @");
    return {
      user: decodeURIComponent(user),
      password: password === undefined ? null : decodeURIComponent(password),
    };
  } catch {
    return wrong("%25 for % in a user or password");
  }
}
