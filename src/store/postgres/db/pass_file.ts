// The file of passwords that PostgreSQL's own programs read (postgresql.org/docs/current/libpq-pgpass.html):
// ~/.pgpass, or the one that PGPASSFILE names. url.ts asks it where no variable has the password.

import { MailqError } from "../../../queue/errors.ts";

/** Whose password is wanted. */
interface Login {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/** The text of the file; null where there is none. Throws `config_invalid` for one that others may read. */
export function readPassFile(env: (name: string) => string | undefined): string | null {
  const home = env("HOME");
  const path = env("PGPASSFILE") ?? (home === undefined ? null : `${home}/.pgpass`);
  if (path === null) return null;
  try {
    const { isFile, mode } = Deno.statSync(path);
    // /dev/null, say.
    if (!isFile) return null;
    if (((mode ?? 0) & 0o077) !== 0) {
      throw new MailqError(
        "config_invalid",
        `Cannot use the password file ${path}: others may read it; chmod 600 ${path}`,
      );
    }
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    if (error instanceof MailqError) throw error;
    throw new MailqError("config_invalid", `Cannot read the password file ${path}: ${error}`, {
      cause: error,
    });
  }
}

/** The password of the first line that fits: host, port, database, user and password with `:` between
 *  them; `*` fits all, and a backslash stands before a `:` or a backslash of a field's own. */
export function passwordIn(text: string, { host, port, database, user }: Login): string | null {
  const wanted = [host, String(port), database, user];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("#")) continue;
    const fields = [...line.matchAll(/((?:\\.|[^\\:])*)(?::|$)/g)]
      .map(([, field = ""]) => field.replace(/\\(.)/g, "$1"));
    if (fields.length < 5) continue;
    const fits = wanted.every((value, i) => fields[i] === "*" || fields[i] === value);
    if (fits) return fields[4] ?? null;
  }
  return null;
}
