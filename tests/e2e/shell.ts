import { type Ended, type Mailq, PROGRAM, type RunOptions } from "../support/mailq.ts";

/** Runs a line of bash in which `mailq` is the program under test. */
export async function runInShell(
  mailq: Mailq,
  line: string,
  options: RunOptions = {},
): Promise<Ended> {
  // The settings file comes with the first command.
  await mailq.ok(["--version"]);
  const child = new Deno.Command("bash", {
    args: ["-o", "pipefail", "-c", `mailq() { "\${program[@]}" "$@"; }; program=("$@"); ${line}`]
      .concat(
        "bash",
        PROGRAM,
      ),
    env: { ...mailq.env, ...options.env },
    clearEnv: true,
    cwd: mailq.folder,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const { stdin = "" } = options;
  const bytes = typeof stdin === "string" ? new TextEncoder().encode(stdin) : stdin;
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
