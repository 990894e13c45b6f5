// Reads the table [listen]: where `mailq run` takes mail in, and who may send by it. Loaded by
// load.ts only where one of its settings is there. Sockets are opened by src/app/listen.

import { isLoopbackAddress, type Network, parseNetwork } from "./networks.ts";
import type { Problem, Sourced } from "../layers.ts";

/** Where a listener listens. */
export type ListenAddress =
  | {
    readonly kind: "tcp";
    /** An address of this machine, never a name. */
    readonly host: string;
    /** 0 = any that is free. */
    readonly port: number;
    /** TLS from the first byte. */
    readonly isTls: boolean;
  }
  | { readonly kind: "unix"; readonly path: string; readonly isTls: false }
  /** A socket that systemd has opened, by its FileDescriptorName. */
  | { readonly kind: "systemd"; readonly name: string; readonly isTls: boolean };

/** The table [listen]. */
export interface ListenSettings {
  readonly smtp: readonly ListenAddress[];
  /** The socket of those who can leave their mail nowhere else. */
  readonly submit: string | null;
  /** Where metrics and health are served. */
  readonly http: readonly ListenAddress[];
  readonly tls: TlsFiles | null;
  /** The file of the logins. */
  readonly users: string | null;
  /** Who may send without a login, beside this machine itself. */
  readonly allow: readonly Network[];
  readonly maxConnections: number;
}

/** A certificate with its chain, and its key, both PEM. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

export const NO_LISTENERS: ListenSettings = {
  smtp: [],
  submit: null,
  http: [],
  tls: null,
  users: null,
  allow: [],
  maxConnections: 0,
};

const HTTP_ADDRESS =
  "an address and port such as 127.0.0.1:9877, the path of a socket, or systemd:NAME";

type Values = ReadonlyMap<string, Sourced>;

const ADDRESS = "an address and port such as 127.0.0.1:587, [::1]:587 or *:587, " +
  "smtps:// before it for TLS from the first byte, the path of a socket, or systemd:NAME";

/** Reads the table out of the merged settings, and says what is wrong with it. `maxConnections` is
 *  the default. */
export function readListen(
  values: Values,
  maxConnections: number,
): { readonly listen: ListenSettings; readonly problems: readonly Problem[] } {
  return new ListenReader(values, maxConnections).read();
}

class ListenReader {
  readonly #problems: Problem[] = [];

  constructor(readonly values: Values, readonly maxConnections: number) {}

  read(): { readonly listen: ListenSettings; readonly problems: readonly Problem[] } {
    const smtp = this.#words("listen.smtp").flatMap((word) =>
      this.#address("listen.smtp", word) ?? []
    );
    const http = this.#words("listen.http").flatMap((word) =>
      this.#address("listen.http", word) ?? []
    );
    const max = this.values.get("listen.max_connections")?.value;
    const listen: ListenSettings = {
      smtp,
      submit: this.#submit(),
      http,
      tls: this.#tls(),
      users: this.#text("listen.users"),
      allow: this.#words("listen.allow").flatMap((word) => this.#network(word) ?? []),
      maxConnections: typeof max === "number" ? max : this.maxConnections,
    };
    if (this.#problems.length === 0) this.#check(listen);
    return { listen, problems: this.#problems };
  }

  #text(name: string): string | null {
    const value = this.values.get(name)?.value ?? null;
    return value === null ? null : String(value);
  }

  #words(name: string): readonly string[] {
    return this.#text(name)?.split(" ") ?? [];
  }

  #wrong(name: string, value: string, expected: string): null {
    this.#note(`Cannot use ${name} = ${JSON.stringify(value)}`, name, expected);
    return null;
  }

  #note(text: string, name: string, expected: string): void {
    const origin = this.values.get(name)?.origin ?? "default";
    this.#problems.push({
      text: `${text} (${origin}): expected ${expected}`,
      isForIntake: false,
    });
  }

  #address(name: "listen.smtp" | "listen.http", text: string): ListenAddress | null {
    const address = parseListenAddress(text);
    if (name === "listen.smtp") return address ?? this.#wrong(name, text, ADDRESS);
    return address === null || address.isTls ? this.#wrong(name, text, HTTP_ADDRESS) : address;
  }

  #submit(): string | null {
    const path = this.#text("listen.submit");
    return path === null || path.startsWith("/")
      ? path
      : this.#wrong("listen.submit", path, "a whole path, such as /run/mailq/submit");
  }

  #network(text: string): Network | null {
    return parseNetwork(text) ?? this.#wrong(
      "listen.allow",
      text,
      "networks such as 10.0.0.0/8 or fd00::/8, and addresses",
    );
  }

  #tls(): TlsFiles | null {
    const cert = this.#text("listen.tls.cert");
    const key = this.#text("listen.tls.key");
    if (cert !== null && key !== null) return { cert, key };
    if (cert !== null) this.#note("Cannot use listen.tls.cert alone", "listen.tls.cert", "a key");
    if (key !== null) this.#note("Cannot use listen.tls.key alone", "listen.tls.key", "a cert");
    return null;
  }

  /** Whether the parts fit together: nothing may be without effect, and nobody an open relay. */
  #check(listen: ListenSettings): void {
    const { smtp, http, tls, users, allow } = listen;
    for (const address of http) {
      if (!isOfOthers(address) || allow.length > 0) continue;
      this.#note(
        `Cannot serve metrics on ${addressText(address)}: whoever reaches it could read them`,
        "listen.http",
        'allow = ["10.0.0.0/8"] below [listen], with the networks that may; or 127.0.0.1',
      );
    }
    if (smtp.length === 0) {
      const given = listen.submit !== null || listen.maxConnections === this.maxConnections
        ? []
        : ["max_connections"];
      for (const name of ["tls.cert", "users", "allow", ...given]) {
        if (this.#text(`listen.${name}`) === null) continue;
        if (name === "allow" && http.length > 0) continue;
        this.#note(
          `listen.${name} is without effect`,
          `listen.${name}`,
          "listen.smtp beside it, such as 127.0.0.1:587",
        );
      }
    }
    for (const address of smtp) {
      if (address.isTls && tls === null) {
        this.#note(
          `Cannot listen on ${addressText(address)}`,
          "listen.smtp",
          "the certificate's files in listen.tls.cert and listen.tls.key",
        );
      }
      if (address.kind !== "tcp" || isLoopbackAddress(address.host)) continue;
      const refusal = refuseOpen(addressText(address), listen);
      if (refusal !== null) this.#note(refusal.text, "listen.smtp", refusal.expected);
    }
    const isOfNetwork = smtp.some(({ kind, ...one }) =>
      kind === "systemd" || (kind === "tcp" && "host" in one && !isLoopbackAddress(one.host))
    );
    if (allow.length > 0 && !isOfNetwork && !http.some(isOfOthers)) {
      this.#note(
        "listen.allow is without effect: this machine itself may always send",
        "listen.allow",
        "a listen.smtp or listen.http that others can reach, such as *:587",
      );
    }
    if (users !== null && tls === null && isOfNetwork) {
      this.#note(
        "Cannot take passwords in clear from other machines: listen.users",
        "listen.users",
        "the certificate's files in listen.tls.cert and listen.tls.key beside it",
      );
    }
  }
}

/** Whether others than this machine can reach an address of the network. */
function isOfOthers(address: ListenAddress): boolean {
  return address.kind === "tcp" && !isLoopbackAddress(address.host);
}

/** Why nobody may listen on an address that others can reach; null where it is no open relay. */
export function refuseOpen(
  address: string,
  { allow, users }: Pick<ListenSettings, "allow" | "users">,
): { readonly text: string; readonly expected: string } | null {
  if (allow.length > 0 || users !== null) return null;
  return {
    text: `Cannot listen on ${address}: whoever reaches it could send mail to anybody`,
    expected: 'allow = ["10.0.0.0/8"] below [listen], with the networks that may send, or ' +
      'users = "/etc/mailq/users", with the logins that may; or 127.0.0.1 for this machine alone',
  };
}

/** Reads where to listen; null for what is no such place. */
export function parseListenAddress(text: string): ListenAddress | null {
  const [, scheme, rest = ""] = /^(?:(smtps?):\/\/)?(.+)$/is.exec(text) ?? [];
  const isTls = scheme?.toLowerCase() === "smtps";
  if (rest.startsWith("/")) return isTls ? null : { kind: "unix", path: rest, isTls };
  const [, name] = /^systemd:([\x21-\x39\x3b-\x7e]{1,255})$/.exec(rest) ?? [];
  if (name !== undefined) return { kind: "systemd", name, isTls };
  const [, ipv6, other, digits] = /^(?:\[([\da-f:.]+)\]|([^\s:[\]]*)):(\d{1,5})$/i.exec(rest) ?? [];
  const host = hostAddress(ipv6 ?? other ?? "");
  const port = Number(digits);
  const isFamilyRight = ipv6 === undefined || ipv6.includes(":");
  return host === null || !isFamilyRight || port > 65_535
    ? null
    : { kind: "tcp", host, port, isTls };
}

/** An address, or one of the two names that need no looking up. */
function hostAddress(host: string): string | null {
  if (host === "*") return "::";
  if (host.toLowerCase() === "localhost") return "127.0.0.1";
  return parseNetwork(host) === null || host.includes("/") ? null : host;
}

/** A place as it is written in the settings. */
export function addressText(address: ListenAddress): string {
  const scheme = address.isTls ? "smtps://" : "";
  if (address.kind === "unix") return address.path;
  if (address.kind === "systemd") return `${scheme}systemd:${address.name}`;
  return `${scheme}${hostText(address.host)}:${address.port}`;
}

function hostText(host: string): string {
  return host === "::" ? "*" : host.includes(":") ? `[${host}]` : host;
}
