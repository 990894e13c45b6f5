// Opens the connections that a queue's URL names, with the variables and files of this machine. The
// store and setup.ts call it.

import { readPasswd, userName } from "../../../system/passwd.ts";
import { Database } from "./connection.ts";
import { readPassFile } from "./pass_file.ts";
import { readUrl } from "./url.ts";

/** How long a database that cannot be reached, or a lock, is waited for. */
const PATIENCE_MS = 10_000;

/** Connects only when the first statement is run. Throws `config_invalid` for what is no such URL. */
export function openDatabase(
  url: string,
  { connections }: { readonly connections: number },
): Database {
  const target = readUrl(url, {
    env: (name) => Deno.env.get(name),
    readFile: (path) => Deno.readTextFileSync(path),
    readPassFile: () => readPassFile((name) => Deno.env.get(name)),
    userName: () => userName(Deno.uid() ?? 0, readPasswd()),
  });
  return new Database({ target, patienceMs: PATIENCE_MS, connections });
}
