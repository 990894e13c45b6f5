// Files that the operator has named: written to, for an attachment, or read. Called by effects.ts. It
// never writes over a file, and what it writes is nobody else's to read and nobody's to run.

import { errorText, MailqError } from "../../queue/errors.ts";

/** Returns what to say. Throws `cannot_create`, also where there is such a file already. */
export async function saveNew(path: string, bytes: Uint8Array): Promise<string> {
  const whole = wholePath(path);
  try {
    await Deno.writeFile(whole, bytes, { createNew: true, mode: 0o600 });
  } catch (error) {
    const why = error instanceof Deno.errors.AlreadyExists
      ? "there is such a file already"
      : errorText(error);
    throw new MailqError("cannot_create", `Cannot write ${whole}: ${why}`);
  }
  return `${bytes.length} bytes written to ${whole}`;
}

/** Throws `input_unreadable`. */
export async function readGiven(path: string): Promise<string> {
  const whole = wholePath(path);
  try {
    return await Deno.readTextFile(whole);
  } catch (error) {
    throw new MailqError("input_unreadable", `Cannot read ${whole}: ${errorText(error)}`);
  }
}

/** `~` is the home folder. */
export function wholePath(path: string): string {
  return path.replace(/^~(?=\/)/, () => Deno.env.get("HOME") ?? "~");
}
