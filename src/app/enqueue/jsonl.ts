// The messages of files of JSON lines, as inputs for enqueueInputs. Loaded by the command that was
// asked for them; what a line may say is src/intake/jsonl's.

import { suggestName } from "../../config/suggest.ts";
import { OpenFile } from "../../intake/compose/files.ts";
import { jsonlInputs } from "../../intake/jsonl/inputs.ts";
import type { IntakeOptions } from "../../intake/options.ts";
import type { ByteSource, Input } from "../../intake/sources/files.ts";

/** The messages of files of JSON lines; `-` is `stdin`. Files are opened when their turn comes. */
export async function* openJsonl(
  paths: readonly string[],
  stdin: ByteSource,
  options: IntakeOptions,
): AsyncGenerator<Input> {
  for (const path of paths) {
    if (path === "-") yield* jsonlInputs("-", stdin, "", options, suggestName);
    else {
      const file = OpenFile.open(path);
      try {
        yield* jsonlInputs(path, file, `${path}: `, options, suggestName);
      } finally {
        file.close();
      }
    }
  }
}
