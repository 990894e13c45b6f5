// The real machine for loadSettings: variables, files, user and host name. Called by the command
// line when it starts; tests make a machine of their own.

import { SETTINGS } from "./definitions.ts";
import { OTHER_VARIABLES, variableName } from "./variables.ts";
import type { LoadOptions } from "./load.ts";

/** The real machine, for `loadSettings`. */
export function systemEnvironment(): Pick<
  LoadOptions,
  "env" | "isRoot" | "readFile" | "isFolder" | "systemHostname"
> {
  return {
    env: variables(),
    isRoot: Deno.uid() === 0,
    readFile: (path) => Deno.readTextFileSync(path),
    isFolder,
    systemHostname: () => Deno.hostname(),
  };
}

/** The variables; those of ours that are no UTF-8 are U+FFFD, which the settings refuse: the runtime
 *  passes them over. */
function variables(): Record<string, string> {
  const env = Deno.env.toObject();
  for (const name of [...Object.keys(SETTINGS).map(variableName), ...OTHER_VARIABLES, "NAME"]) {
    if (!(name in env) && !isReadable(name)) env[name] = "\ufffd";
  }
  return env;
}

function isReadable(variable: string): boolean {
  try {
    Deno.env.get(variable);
    return true;
  } catch {
    return false;
  }
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    // Missing or out of reach: either way nothing can be kept in it.
    return false;
  }
}
