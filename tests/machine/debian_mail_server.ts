// A mail server of Debian's whose package does not go beside the machine's own: it is installed in a
// root of its own, runs there in the foreground, and listens on a free port of 127.0.0.1.

import { startChild } from "../support/child.ts";
import { DebianRoot } from "./debian_root.ts";
import { watched } from "./postfix.ts";

interface ServerPlan {
  readonly package: string;
  /** The server, which must stay in the foreground, with its arguments. */
  readonly command: readonly string[];
  readonly settings: { readonly path: string; readonly text: (port: number) => string };
  /** Run as root before it starts. */
  readonly setup?: string;
}

export class DebianMailServer implements AsyncDisposable {
  private constructor(
    readonly root: DebianRoot,
    readonly port: number,
    readonly child: Deno.ChildProcess,
  ) {}

  /** Null where no root of Debian's can be made. */
  static async start(plan: ServerPlan): Promise<DebianMailServer | null> {
    const root = await DebianRoot.make();
    if (root === null) return null;
    try {
      // Its own service must not start, on port 25.
      await Deno.writeTextFile(root.path("/usr/sbin/policy-rc.d"), "#!/bin/sh\nexit 101\n", {
        mode: 0o755,
      });
      await root.install(plan.package);
      const port = freePort();
      await Deno.writeTextFile(root.path(plan.settings.path), plan.settings.text(port));
      if (plan.setup !== undefined) await root.sh(plan.setup);
      const child = startChild(["chroot", root.path(""), ...plan.command], {
        cwd: "/",
        stdout: "null",
        stderr: "null",
        env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
        clearEnv: true,
      });
      const server = new DebianMailServer(root, port, child);
      await server.#greets(plan.command[0] ?? "");
      return server;
    } catch (error) {
      await root[Symbol.asyncDispose]();
      throw error;
    }
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  /** The texts of the first `count` mails in a Maildir of the root, one character a byte. */
  async mailbox(maildir: string, count: number): Promise<string[]> {
    const folder = this.root.path(`${maildir}/new`);
    await Deno.mkdir(folder, { recursive: true });
    const names = await watched(folder, () => {
      const found = [...Deno.readDirSync(folder)].map(({ name }) => name);
      return Promise.resolve(found.length >= count ? found : null);
    });
    return await Promise.all(
      names.map(async (name) =>
        new TextDecoder("latin1").decode(await Deno.readFile(`${folder}/${name}`))
      ),
    );
  }

  /** Resolves once it says 220, which no file or stream of it tells; rejects when it has ended. */
  async #greets(program: string): Promise<void> {
    const ended = this.child.status.then(({ code }) => {
      throw new Error(`${program} ended with ${code}`);
    });
    const greeted = async () => {
      while (!await hearsGreeting(this.port)) await new Promise((ok) => setTimeout(ok, 50));
    };
    await Promise.race([ended, greeted()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.child.kill("SIGTERM");
    } catch {
      // It has ended by itself.
    }
    await this.child.status;
    await this.root[Symbol.asyncDispose]();
  }
}

async function hearsGreeting(port: number): Promise<boolean> {
  try {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const bytes = new Uint8Array(512);
    const size = await connection.read(bytes);
    return new TextDecoder().decode(bytes.subarray(0, size ?? 0)).startsWith("220");
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
