// This program's version, beside deno.json's, and the Deno that it needs. Printed by
// print_version.ts, held to deno.json by tests/architecture_test.ts; .ci/compile.ts refuses an
// older base.

/** This program's version; deno.json has the same. */
export const VERSION = "0.1.0";

/** The oldest Deno that mailq is to be used on. */
export const NEEDED_DENO = "2.9";

/** Whether a version of Deno, such as "2.4.2", is older than mailq needs. */
export function isOldDeno(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [neededMajor = 0, neededMinor = 0] = NEEDED_DENO.split(".").map(Number);
  return major < neededMajor || major === neededMajor && minor < neededMinor;
}
