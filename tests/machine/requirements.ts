/** Throws unless this is root's process and the programs are there: a test of the system that did
 *  not run must not pass for one that did. */
export function require(...programs: string[]): void {
  if (Deno.uid() !== 0) throw new Error("the system tests need root: run them with sudo");
  for (const program of programs) {
    try {
      Deno.statSync(program);
    } catch {
      throw new Error(
        `the system tests need ${program}: .ci/run installs the Debian packages they come from`,
      );
    }
  }
}
