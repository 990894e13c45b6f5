// Reads the new mail of a Maildir that returned mail is delivered to. Each file goes to cur/ once what it
// says is in the queue: one that is read twice changes nothing. Called by the command `bounced`.

import { fileInput } from "../../intake/sources/files.ts";
import { Maildir } from "../../intake/sources/maildir.ts";
import { fileError } from "../../store/file_errors.ts";
import { nameOf } from "../../system/files.ts";
import { readBeginning } from "./read_beginning.ts";
import { type BouncedEnd, type BouncedOptions, takeBounced } from "./take_bounced.ts";

/** A file, and what came of it. */
interface TakenFile {
  readonly name: string;
  readonly end: BouncedEnd;
}

/** Takes what is in new/, the oldest first. Throws `input_unreadable` for what is no Maildir. */
export async function* takeReturnedMaildir(
  store: Parameters<typeof takeBounced>[0],
  path: string,
  options: BouncedOptions,
): AsyncIterable<TakenFile> {
  const maildir = Maildir.open(path);
  for (const file of maildir.files().filter(({ folder }) => nameOf(folder) === "new")) {
    const end = await takeBounced(store, await readBeginning(fileInput(file.path)), options);
    moveToCur(maildir.path, file);
    yield { name: file.name, end };
  }
}

function moveToCur(path: string, file: { readonly path: string; readonly name: string }): void {
  const [plain = ""] = file.name.split(":2,");
  try {
    Deno.renameSync(file.path, `${path}/cur/${plain}:2,S`);
  } catch (error) {
    throw fileError(`Cannot move ${file.path} to cur/`, error);
  }
}
