import { PROGRAM, type RunOptions } from "../support/mailq.ts";
import { type Ended, type Mailq } from "../support/mailq.ts";
import { require } from "./requirements.ts";

const SETPRIV = "/usr/bin/setpriv";
const NOBODY = 65534;

/** Lets an ordinary user run the program with its settings: a folder of his own in the queue's,
 *  and what the source needs of Deno's cache. */
export async function letNobodyIn(mailq: Mailq): Promise<string> {
  require(SETPRIV, "/usr/bin/cp");
  await Deno.chmod(mailq.folder, 0o755);
  const home = `${mailq.folder}/nobody`;
  await Deno.mkdir(home);
  const cache = mailq.env.DENO_DIR ?? "";
  if (Deno.env.get("MAILQ_TEST_PROGRAM") === undefined) {
    await new Deno.Command("/usr/bin/cp", { args: ["-r", `${cache}/.`, `${home}/deno`] }).output();
  }
  const args = ["-R", `${NOBODY}:${NOBODY}`, home];
  const { code } = await new Deno.Command("/usr/bin/chown", { args }).output();
  if (code !== 0) throw new Error(`cannot give ${home} away`);
  mailq.env.DENO_DIR = `${home}/deno`;
  return home;
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
  const child = new Deno.Command(SETPRIV, {
    args: [`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", ...command],
    env: { ...mailq.env, HOME: `${mailq.folder}/nobody`, USER: "nobody", ...options.env },
    clearEnv: true,
    cwd: options.cwd ?? mailq.folder,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const { stdin = "" } = options;
  const writer = child.stdin.getWriter();
  const bytes = typeof stdin === "string" ? new TextEncoder().encode(stdin) : stdin;
  // A command that fails at once closes the pipe.
  await writer.write(bytes).catch(() => {});
  await writer.close().catch(() => {});
  const { code, signal, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return {
    code,
    signal,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
    stdoutBytes: stdout,
  };
}
