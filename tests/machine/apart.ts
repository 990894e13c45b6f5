import { type ChildOptions, type Ended, runChild } from "../support/child.ts";
import { require } from "./requirements.ts";

const UNSHARE = "/usr/bin/unshare";

export interface ApartOptions extends Pick<ChildOptions, "env" | "stdin" | "cwd"> {
  /** Lines of a shell that are run first, with -e; what they mount nobody else sees. */
  readonly setup?: string;
  /** Lines that /proc/self/mountinfo has besides its own, for the command alone. */
  readonly mountinfo?: readonly string[];
  /** A folder of the test's own. */
  readonly folder: string;
}

/** Runs a command that sees other file systems than the rest of the machine. */
export async function runApart(
  command: readonly string[],
  { setup = "", mountinfo = [], folder, ...options }: ApartOptions,
): Promise<Ended> {
  require(UNSHARE);
  const list = `${folder}/mountinfo-${crypto.randomUUID()}`;
  await Deno.writeTextFile(`${list}.more`, mountinfo.map((line) => `${line}\n`).join(""));
  // What is bound over a process's list is seen by that process alone: the shell becomes the command.
  const fake = mountinfo.length === 0 ? "" : `cat /proc/self/mountinfo "$list.more" > "$list"
mount --bind "$list" /proc/$$/mountinfo`;
  const script = `list=$1; shift
${setup}
${fake}
exec "$@"`;
  const namespace = [UNSHARE, "--mount", "--propagation", "private"];
  return await runChild([...namespace, "/bin/sh", "-ec", script, "sh", list, ...command], {
    stdin: "",
    clearEnv: true,
    ...options,
  });
}
