import { childOk, type Ended, runChild } from "../support/child.ts";
import { type Mailq, PROGRAM, type RunOptions } from "../support/mailq.ts";
import { require } from "./requirements.ts";

const SETPRIV = "/usr/bin/setpriv";
const NOBODY = 65534;

/** Lets an ordinary user run the program with its settings: a folder of his own in the queue's,
 *  and what the source needs of Deno's cache. */
export async function letNobodyIn(mailq: Mailq): Promise<string> {
  require(SETPRIV, "/usr/bin/cp");
  await Deno.chmod(mailq.folder, 0o755);
  const home = `${mailq.folder}/nobody`;
  const cache = denoDirOf(mailq);
  await Deno.mkdir(cache, { recursive: true });
  if (Deno.env.get("MAILQ_TEST_PROGRAM") === undefined) {
    const packages = `${mailq.env.DENO_DIR}/npm`;
    // Links where the file system is the same: ten thousand files, of which nothing is written.
    const { code } = await runChild(["/usr/bin/cp", "-rl", packages, cache]);
    if (code !== 0) await childOk(["/usr/bin/cp", "-r", "--no-clobber", packages, cache]);
  }
  for (const folder of [home, cache]) await Deno.chown(folder, NOBODY, NOBODY);
  return home;
}

/** Deno's cache for ordinary users: they may not open root's. */
export function denoDirOf(mailq: Mailq): string {
  return `${mailq.folder}/nobody/deno`;
}

/** Runs a command of the program as the user nobody, in no group but nobody's. */
export async function runAsNobody(
  mailq: Mailq,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ended> {
  return await runAs(mailq, NOBODY, [...PROGRAM, ...args], options);
}

/** Runs any command as an ordinary user, in no group but the one of his number. */
export async function runAs(
  mailq: Mailq,
  uid: number,
  command: readonly string[],
  options: RunOptions = {},
): Promise<Ended> {
  const user = [`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];
  return await runChild([SETPRIV, ...user, ...command], {
    stdin: options.stdin ?? "",
    env: {
      ...mailq.env,
      HOME: `${mailq.folder}/nobody`,
      DENO_DIR: denoDirOf(mailq),
      USER: "nobody",
      ...options.env,
    },
    clearEnv: true,
    cwd: options.cwd ?? mailq.folder,
  });
}
