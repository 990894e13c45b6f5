// Debian's pgbouncer in front of a PostgreSQL of the tests, in transaction pooling: each transaction may
// get another session. It ends with this process.
import { childOk, Heard, startChild } from "./child.ts";

const PGBOUNCER = "/usr/sbin/pgbouncer";

/** Whether it is installed. */
export function hasPgbouncer(): boolean {
  try {
    return Deno.statSync(PGBOUNCER).isFile;
  } catch {
    return false;
  }
}

/** Puts one in front of the server whose socket is in the folder `server`; resolves to the folder of its
 *  own socket. Whoever logs in has the password that the server knows. */
export async function startPgbouncer(
  { server, owner, password }: {
    readonly server: string;
    readonly owner: string;
    readonly password: string;
  },
): Promise<{ readonly folder: string; readonly process: Deno.ChildProcess }> {
  const folder = await Deno.makeTempDir({ prefix: "mailq-pooler-" });
  await Deno.writeTextFile(`${folder}/users`, `"${owner}" "${password}"\n`);
  await Deno.writeTextFile(
    `${folder}/pgbouncer.ini`,
    `[databases]
* = host=${server} auth_user=${owner}
[pgbouncer]
pool_mode = transaction
listen_addr =
listen_port = 5432
unix_socket_dir = ${folder}
unix_socket_mode = 0777
auth_type = scram-sha-256
auth_file = ${folder}/users
max_client_conn = 500
default_pool_size = 8
`,
  );
  await Deno.chmod(folder, 0o755);
  const isRoot = Deno.uid() === 0;
  if (isRoot) await childOk(["chown", "-R", "postgres:postgres", folder]);
  const user = isRoot ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] : [];
  const child = startChild([...user, PGBOUNCER, `${folder}/pgbouncer.ini`], { stdout: "null" });
  globalThis.addEventListener("unload", () => {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    try {
      Deno.removeSync(folder, { recursive: true });
    } catch {
      // It writes its last.
    }
  });
  await new Heard(child.stderr).said(/process up/);
  return { folder, process: child };
}
