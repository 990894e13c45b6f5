// Writes messages out of the queue to where the operator says. Called by store_data.ts, which loads it only
// then; the writing itself is src/app/export's.

import { exportMessages } from "../../app/export/messages.ts";
import { EmlPlace, MboxPlace } from "../../app/export/places.ts";
import { plural } from "../../display/plural.ts";
import type { Filter } from "../../queue/filter.ts";
import type { Reader } from "../../queue/ports/reader.ts";

/** Writes to a new mbox file if the name ends so, else to a folder of .eml files. Returns what came of
 *  it. Throws `cannot_create`, also where there is such a file already. */
export async function exportTo(
  store: Reader,
  { filter, path, signal }: {
    readonly filter: Filter;
    readonly path: string;
    readonly signal: AbortSignal;
  },
): Promise<string> {
  using place = /\.mbox$/i.test(path) ? await MboxPlace.make(path) : await EmlPlace.make(path);
  const options = { filter, place, hasEnvelope: false, signal };
  const { exported, withoutBody } = await exportMessages(store, options);
  return `${exported} ${plural(exported, "message")} exported to ${path}` +
    (withoutBody === 0 ? "" : `, ${withoutBody} left out: their bytes are deleted`);
}
