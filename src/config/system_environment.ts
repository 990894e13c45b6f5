// The real machine for loadSettings: variables, files, user and host name. Called by the command
// line when it starts; tests make a machine of their own.

import type { LoadOptions } from "./load.ts";

/** The real machine, for `loadSettings`. */
export function systemEnvironment(): Pick<
  LoadOptions,
  "env" | "isRoot" | "readFile" | "isFolder" | "systemHostname"
> {
  return {
    env: Deno.env.toObject(),
    isRoot: Deno.uid() === 0,
    readFile: (path) => Deno.readTextFileSync(path),
    isFolder,
    systemHostname: () => Deno.hostname(),
  };
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    // Missing or out of reach: either way nothing can be kept in it.
    return false;
  }
}
