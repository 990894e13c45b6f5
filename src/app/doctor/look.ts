// How checks look at the machine: what a program prints, where the shell finds one, what a file holds and
// whose it is. Called by the checks; what it means is theirs to judge.

/** So long a program may take: the doctor answers within a second. */
const LIMIT_MS = 700;

/** What a program prints on stdout, whatever it exits with; null where there is none of the name, or it
 *  takes too long. */
export async function askProgram(program: string, ...args: string[]): Promise<string | null> {
  try {
    const { stdout } = await new Deno.Command(program, {
      args,
      stdin: "null",
      stdout: "piped",
      stderr: "null",
      env: { LC_ALL: "C" },
      signal: AbortSignal.timeout(LIMIT_MS),
    }).output();
    return new TextDecoder().decode(stdout);
  } catch {
    return null;
  }
}

/** Where a shell finds a program, or what it has built in; null where it finds none. */
export async function whereIs(word: string): Promise<string | null> {
  const found = await askProgram("/bin/sh", "-c", 'command -v -- "$1"', "sh", word);
  return found?.trim() || null;
}

/** A file's text; null where there is none, or it may not be read. */
export function readIfAny(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return null;
  }
}

/** What a folder lists; nothing where it is not there or may not be read. */
export function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  } catch {
    return [];
  }
}

/** The path without links; null where there is nothing. */
export function realPathIfAny(path: string): string | null {
  try {
    return Deno.realPathSync(path);
  } catch {
    return null;
  }
}

/** Whose a file is, and what may be done with it. */
export interface Owned {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Of what a path leads to; null where there is nothing. Throws where it may not be looked at. */
export function ownedAt(path: string): Owned | null {
  try {
    const { mode, uid, gid } = Deno.statSync(path);
    return { mode: (mode ?? 0) & 0o7777, uid: uid ?? 0, gid: gid ?? 0 };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** A mode as chmod(1) takes it. */
export function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}
