// Writes an attachment to a file that the operator has named. Called by effects.ts. It never writes over
// a file, and what it writes is nobody else's to read and nobody's to run.

import { errorText, MailqError } from "../../queue/errors.ts";

/** Returns what to say. Throws `cannot_create`, also where there is such a file already. */
export async function saveNew(path: string, bytes: Uint8Array): Promise<string> {
  const whole = path.replace(/^~(?=\/)/, () => Deno.env.get("HOME") ?? "~");
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
