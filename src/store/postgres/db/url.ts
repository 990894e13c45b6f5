// Reads the URL of a queue on PostgreSQL: where it is, whose, and how its connection is made safe.
// The store is opened by what comes of it; nothing is connected to here.

import { errorText, MailqError } from "../../../queue/errors.ts";
import { passwordIn } from "./pass_file.ts";

/** A queue's database as it is connected to. */
export interface Target {
  /** How it is called in messages: the URL without what only the connection needs. */
  readonly name: string;
  /** A name, an address, or the folder of a socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password: string | null;
  /** Null = without TLS. Otherwise the certificate must be the host's; `ca` = of this authority. */
  readonly tls: { readonly ca?: string; readonly servername?: string } | null;
  /** A pooler may give each transaction another session. */
  readonly isPooled: boolean;
  /** Where to listen for news, if not by the same way; null = there is none. */
  readonly listen: string | null;
}

/** What a URL is read with. */
export interface UrlTools {
  readonly env: (name: string) => string | undefined;
  readonly readFile: (path: string) => string;
  /** The text of the file that has passwords (pass_file.ts); null where there is none. */
  readonly readPassFile: () => string | null;
  /** The login name of whoever runs this. */
  readonly userName: () => string;
}

const SCHEME = /^postgres(?:ql)?:/i;
const SOCKET_FOLDER = "/var/run/postgresql";
const PARAMETERS: readonly string[] = ["host", "sslmode", "sslrootcert", "pooled", "listen"];

/** Throws `config_invalid` for what is no such URL. */
export function readUrl(queue: string, tools: UrlTools): Target {
  const refuse = (reason: string) =>
    new MailqError("config_invalid", `Cannot use the queue ${withoutPassword(queue)}: ${reason}`);
  let url: URL;
  try {
    // The scheme of the web, so that the parts are read as everywhere.
    url = new URL(
      queue.replace(SCHEME, "http:").replace(
        /^http:\/\/([^/?@]*@)?(?=[/?])/,
        "http://$1localhost.",
      ),
    );
  } catch {
    throw refuse("expected postgres://USER@HOST:PORT/DATABASE");
  }
  if (url.password !== "") {
    throw refuse(
      "a password in the URL is there for all to see; set MAILQ_QUEUE_PASSWORD_FILE (or " +
        "MAILQ_QUEUE_PASSWORD), or write it into ~/.pgpass",
    );
  }
  for (const key of url.searchParams.keys()) {
    if (!PARAMETERS.includes(key)) {
      throw refuse(`expected none but ${PARAMETERS.join(", ")} behind ?`);
    }
  }
  const { env } = tools;
  const given = (name: string) => url.searchParams.get(name);
  const named = url.hostname === "localhost." ? "" : decodeURIComponent(url.hostname);
  const host = given("host") ?? (named || env("PGHOST") || SOCKET_FOLDER);
  const bare = host.replace(/^\[|\]$/g, "");
  const user = decodeURIComponent(url.username) || env("PGUSER") || tools.userName();
  const database = decodeURIComponent(url.pathname.slice(1)) || env("PGDATABASE") || user;
  const port = Number(url.port || env("PGPORT") || 5432);
  const place = bare.startsWith("/") ? "" : `${host}${port === 5432 ? "" : `:${port}`}`;
  return {
    name: `postgres://${place}/${database}`,
    host: bare,
    port,
    user,
    database,
    password: passwordOf(tools, refuse) ?? passwordFor(tools, { host: bare, port, database, user }),
    tls: tlsOf(bare, { mode: given("sslmode"), root: given("sslrootcert") }, tools, refuse),
    isPooled: given("pooled") === "true",
    listen: given("listen"),
  };
}

/** A URL as it may be shown. */
function withoutPassword(url: string): string {
  return url.replace(/^([a-z]+:\/\/[^/@:]*):[^/@]*@/i, "$1:***@");
}

function passwordOf(
  { env, readFile }: UrlTools,
  refuse: (reason: string) => MailqError,
): string | null {
  const path = env("MAILQ_QUEUE_PASSWORD_FILE");
  if (path === undefined) return env("MAILQ_QUEUE_PASSWORD") ?? env("PGPASSWORD") ?? null;
  try {
    return readFile(path).replace(/\r?\n$/, "");
  } catch (error) {
    throw refuse(`MAILQ_QUEUE_PASSWORD_FILE cannot be read (${errorText(error)})`);
  }
}

/** In the file a socket in the usual folder is `localhost`. */
function passwordFor(
  { readPassFile }: UrlTools,
  login: { host: string; port: number; database: string; user: string },
): string | null {
  const text = readPassFile();
  if (text === null) return null;
  const host = login.host === SOCKET_FOLDER ? "localhost" : login.host;
  return passwordIn(text, { ...login, host });
}

function tlsOf(
  host: string,
  { mode, root }: { readonly mode: string | null; readonly root: string | null },
  { readFile }: UrlTools,
  refuse: (reason: string) => MailqError,
): Target["tls"] {
  if (mode !== null && mode !== "disable" && mode !== "verify-full") {
    throw refuse(`expected sslmode=verify-full or disable, got "${mode}"`);
  }
  if (mode === "disable" || mode === null && root === null && isThisMachine(host)) return null;
  if (root === null) return isName(host) ? { servername: host } : {};
  try {
    return { ca: readFile(root), ...(isName(host) ? { servername: host } : {}) };
  } catch (error) {
    throw refuse(`sslrootcert cannot be read (${errorText(error)})`);
  }
}

function isThisMachine(host: string): boolean {
  return host.startsWith("/") || host === "localhost" || host === "::1" || /^127\./.test(host);
}

/** Certificates are asked for by name; for an address there is none (RFC 6066 3). */
function isName(host: string): boolean {
  return /[a-z]/i.test(host) && !host.includes(":");
}
