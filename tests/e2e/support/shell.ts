import { type Ended, runChild } from "../../support/child.ts";
import { type Mailq, PROGRAM, type RunOptions } from "../../support/mailq.ts";

/** Runs a line of bash in which `mailq` is the program under test. */
export async function runInShell(
  mailq: Mailq,
  line: string,
  options: RunOptions = {},
): Promise<Ended> {
  // The settings file comes with the first command.
  await mailq.ok(["--version"]);
  const script = `mailq() { "\${program[@]}" "$@"; }; program=("$@"); ${line}`;
  return await runChild(["bash", "-o", "pipefail", "-c", script, "bash", ...PROGRAM], {
    stdin: options.stdin ?? "",
    env: { ...mailq.env, ...options.env },
    clearEnv: true,
    cwd: mailq.folder,
  });
}
