import { childOk, startChild } from "../support/child.ts";
import { SERVER_NAMES, type ServerName, writeSettings } from "./postfix_settings.ts";
import { require } from "./requirements.ts";

const POSTFIX = "/usr/sbin/postfix";
const SASLPASSWD = "/usr/sbin/saslpasswd2";
const TRIES = 3;
const LIMIT_MS = 20_000;

/** The login that the servers with AUTH know. */
export const LOGIN = { user: "mailer", password: "s3cret-pass phrase" };

/** A Postfix of its own in a temporary folder: nothing of the machine's is read or written, and
 *  its servers listen on free ports of 127.0.0.1. It takes mail for receiver.test and sender.test
 *  and delivers it to Maildirs. */
export class Postfix implements AsyncDisposable {
  private constructor(
    readonly folder: string,
    readonly ports: Readonly<Record<ServerName, number>>,
    /** Where its greylisting asks, of a policy server that the test is. */
    readonly policy: Deno.TcpListener,
    readonly child: Deno.ChildProcess,
  ) {}

  static async start(): Promise<Postfix> {
    require(POSTFIX, SASLPASSWD);
    for (let attempt = 1;; attempt++) {
      const postfix = await Postfix.#launch();
      try {
        await postfix.#listening();
        return postfix;
      } catch (error) {
        const log = await postfix.log();
        await postfix[Symbol.asyncDispose]();
        // Somebody may have taken a port meanwhile.
        if (attempt === TRIES) throw new Error(`Postfix does not start:\n${log}`, { cause: error });
      }
    }
  }

  static async #launch(): Promise<Postfix> {
    const folder = await Deno.makeTempDir({ prefix: "mailq-postfix-" });
    const policy = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const ports = freePorts();
    await writeSettings(folder, ports, policy.addr.port);
    await addLogin(folder);
    const child = startChild([POSTFIX, "-c", `${folder}/etc`, "start-fg"], {
      cwd: "/",
      stdout: "null",
      stderr: "null",
    });
    return new Postfix(folder, ports, policy, child);
  }

  /** What it has logged so far. */
  async log(): Promise<string> {
    return await readOr(`${this.folder}/log/mail.log`, "");
  }

  /** Resolves to the first match in its log, which may be yet to come. */
  async logged(pattern: RegExp): Promise<RegExpMatchArray> {
    return await watched(`${this.folder}/log`, async () => (await this.log()).match(pattern));
  }

  /** Resolves to the messages in a mailbox once there are `count`, oldest first. */
  async mailbox(user: string, count: number): Promise<Uint8Array[]> {
    const folder = `${this.folder}/mail/${user}/new`;
    const files = await watched(folder, () => {
      const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
      return Promise.resolve(names.length >= count ? names : null);
    });
    const stat = files.map((name) => ({ name, at: Deno.statSync(`${folder}/${name}`).mtime }));
    stat.sort((a, b) => Number(a.at) - Number(b.at));
    return await Promise.all(stat.map(({ name }) => Deno.readFile(`${folder}/${name}`)));
  }

  async #listening(): Promise<void> {
    await Promise.race([
      this.logged(/daemon started/),
      this.child.status.then(({ code }) => Promise.reject(new Error(`it ended with ${code}`))),
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.policy.close();
    // The child is a script that waits for the master, which ends with all its processes.
    const master = await readOr(`${this.folder}/spool/pid/master.pid`, "");
    try {
      if (master !== "") Deno.kill(Number(master), "SIGTERM");
    } catch {
      // It has ended by itself.
    }
    await this.child.status;
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Looks at each change of a folder until `look` finds what it looks for; rejects after a while. */
export async function watched<T>(folder: string, look: () => Promise<T | null>): Promise<T> {
  const watcher = Deno.watchFs(folder);
  let isOver = false;
  const end = () => {
    if (!isOver) watcher.close();
    isOver = true;
  };
  const limit = setTimeout(end, LIMIT_MS);
  try {
    // What came before the watch began.
    let found = await look();
    if (found !== null) return found;
    for await (const _ of watcher) {
      found = await look();
      if (found !== null) return found;
    }
    throw new Error(`Postfix did not do in ${LIMIT_MS} ms what the test waits for in ${folder}`);
  } finally {
    clearTimeout(limit);
    end();
  }
}

async function readOr(path: string, otherwise: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return otherwise;
    throw error;
  }
}

function freePorts(): Record<ServerName, number> {
  const listeners = SERVER_NAMES.map(() => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const entries = SERVER_NAMES.map((name, i) => [name, listeners[i]?.addr.port ?? 0]);
  for (const listener of listeners) listener.close();
  // Every name has a number by now.
  return Object.fromEntries(entries) as Record<ServerName, number>;
}

/** Puts the login into a SASL database of the folder. */
async function addLogin(folder: string): Promise<void> {
  const path = `${folder}/etc/sasl/sasldb2`;
  const domain = "mx.receiver.test";
  await childOk([SASLPASSWD, "-p", "-c", "-f", path, "-u", domain, LOGIN.user], {
    stdin: LOGIN.password,
  });
  await Deno.chmod(path, 0o644);
}
