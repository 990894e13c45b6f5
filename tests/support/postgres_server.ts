// A PostgreSQL for tests, from Debian's package: a data folder of its own, no port but a socket in
// that folder, passwords checked. Or the one that MAILQ_TEST_POSTGRES names (.ci/run starts it for all
// of them). Both stop with the process that uses them.
import { childOk, startChild } from "./child.ts";
import { startPgbouncer } from "./pgbouncer.ts";
import type { ServerCertificate } from "./tls_certificates.ts";

/** Where Debian keeps the programs of a server. */
const BINARIES = "/usr/lib/postgresql";
export const TEST_PASSWORD = "for-tests-alone";

/** A server to make queues on. */
export interface PostgresServer {
  /** The URL of a database on it, with `user` in place of its owner. */
  url(database: string, user?: string): string;
  /** The folder of its socket. */
  readonly host: string;
  /** The process; null for one that others have started. */
  readonly process: Deno.ChildProcess | null;
  /** Starts a server that was stopped anew. */
  start(): Promise<void>;
  readonly folder: string | null;
  /** Shows another certificate from now on, where it shows any. */
  show(certificate: ServerCertificate): Promise<void>;
}

/** The folder of the newest server's programs; null where there is none. */
export function postgresPrograms(): string | null {
  try {
    const versions = [...Deno.readDirSync(BINARIES)].map(({ name }) => name)
      .filter((name) => Number(name) >= 14).sort((a, b) => Number(b) - Number(a));
    const [newest] = versions;
    if (newest === undefined) return null;
    Deno.statSync(`${BINARIES}/${newest}/bin/postgres`);
    return `${BINARIES}/${newest}/bin`;
  } catch {
    return null;
  }
}

/** Runs what refuses to run as root. */
function unprivileged(command: readonly string[]): string[] {
  if (Deno.uid() !== 0) return [...command];
  return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", ...command];
}

let shared: Promise<PostgresServer | null> | null = null;

/** The server of this process; null, said in one line, where there is none. */
export function postgresServer(): Promise<PostgresServer | null> {
  return shared ??= begin();
}

async function begin(): Promise<PostgresServer | null> {
  Deno.env.set("MAILQ_QUEUE_PASSWORD", TEST_PASSWORD);
  const server = await direct();
  if (server === null || Deno.env.get("MAILQ_TEST_POOLED") === undefined) return server;
  return await behindPgbouncer(server);
}

/** A pooler in front of the server, by which all queues are opened; tests look into them without. */
async function behindPgbouncer(server: PostgresServer): Promise<PostgresServer> {
  const pooler = await startPgbouncer({
    server: server.host,
    owner: "mailq",
    password: TEST_PASSWORD,
  });
  const url = (database: string, user = "mailq") =>
    `postgres://${user}@/${database}?host=${pooler.folder}`;
  return { ...server, url };
}

async function direct(): Promise<PostgresServer | null> {
  const host = Deno.env.get("MAILQ_TEST_POSTGRES");
  if (host !== undefined) return serverAt(host, null);
  const programs = postgresPrograms();
  if (programs === null) {
    console.log("Not run: the tests on PostgreSQL (install Debian's postgresql)");
    return null;
  }
  return await startPostgres(programs);
}

function serverAt(host: string, folder: string | null, process: Deno.ChildProcess | null = null) {
  return {
    host,
    folder,
    process,
    url: (database: string, user = "mailq") => `postgres://${user}@/${database}?host=${host}`,
    start: () => Promise.resolve(),
    show: () => Promise.resolve(),
  };
}

/** Who may come in, and how. */
interface Rules {
  /** The text of its pg_hba.conf; else whoever has a password. */
  readonly hba?: string;
  /** What it shows to those who ask for TLS. */
  readonly certificate?: ServerCertificate;
}

/** Starts a server that nobody else uses, and stops it with this process. `settings` are more of its
 *  settings, such as `fsync=on`. */
export async function startPostgres(
  programs: string,
  settings: readonly string[] = [],
  { hba, certificate }: Rules = {},
): Promise<PostgresServer> {
  const folder = await Deno.makeTempDir({ prefix: "mailq-postgres-" });
  const data = `${folder}/data`;
  await Deno.writeTextFile(`${folder}/password`, TEST_PASSWORD);
  await Deno.chmod(folder, 0o755);
  if (Deno.uid() === 0) await childOk(["chown", "-R", "postgres:postgres", folder]);
  await childOk(unprivileged([
    `${programs}/initdb`,
    "--username=mailq",
    `--pwfile=${folder}/password`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--no-sync",
    `--pgdata=${data}`,
  ]));
  const tls = ["ssl=on", `ssl_cert_file=${folder}/cert.pem`, `ssl_key_file=${folder}/key.pem`];
  const show = async ({ cert, key }: ServerCertificate) => {
    await Deno.writeTextFile(`${folder}/cert.pem`, cert);
    await Deno.writeTextFile(`${folder}/key.pem`, key, { mode: 0o600 });
    if (Deno.uid() === 0) await childOk(["chown", "postgres:postgres", `${folder}/key.pem`]);
  };
  if (hba !== undefined) await Deno.writeTextFile(`${data}/pg_hba.conf`, hba);
  if (certificate !== undefined) await show(certificate);
  const server = {
    ...serverAt(folder, folder),
    process: null as Deno.ChildProcess | null,
    async show(certificate: ServerCertificate) {
      await show(certificate);
      server.process?.kill("SIGHUP");
    },
  };
  server.start = async () => {
    server.process = startChild(
      unprivileged([
        `${programs}/postgres`,
        ...["-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "max_connections=300"],
        ...[
          ...(certificate === undefined ? [] : tls),
          "fsync=off",
          "shared_buffers=64MB",
          "unix_socket_permissions=0777",
          ...settings,
        ]
          .flatMap((setting) => ["-c", setting]),
      ]),
      { stdout: "null", stderr: "piped" },
    );
    await ready(server.process);
  };
  globalThis.addEventListener("unload", () => {
    try {
      server.process?.kill("SIGQUIT");
    } catch {
      // It has ended by itself.
    }
    try {
      Deno.removeSync(folder, { recursive: true });
    } catch {
      // It writes its last.
    }
  });
  await server.start();
  return server;
}

/** Resolves once a server takes connections; goes on reading what it says. */
async function ready(process: Deno.ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  void (async () => {
    let text = "";
    const decoder = new TextDecoder();
    for await (const bytes of process.stderr) {
      text = (text + decoder.decode(bytes, { stream: true })).slice(-10_000);
      if (text.includes("ready to accept connections")) resolve();
    }
    reject(new Error(`PostgreSQL ended: ${text}`));
  })();
  await promise;
}
