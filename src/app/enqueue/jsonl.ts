import { suggestName } from "../../config/suggest.ts";
import { OpenFile } from "../../intake/compose/files.ts";
import { jsonlInputs } from "../../intake/jsonl/inputs.ts";
import type { IntakeOptions } from "../../intake/options.ts";
import type { Input } from "../../intake/sources/files.ts";
import type { Context } from "../../cli/frame/context.ts";

/** The messages of files of JSON lines; `-` is stdin. Files are opened when their turn comes. */
export async function* openJsonl(
  context: Context,
  paths: readonly string[],
  options: IntakeOptions,
): AsyncGenerator<Input> {
  for (const path of paths) {
    if (path === "-") yield* jsonlInputs("-", context.machine.stdin, "", options, suggestName);
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
