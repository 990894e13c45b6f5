// Keeps the index that searches use up to date. Called by every command that takes `--search`,
// before it searches, and by `send` when it has time to spare. The index itself is the store's.

import { MailqError } from "../../queue/errors.ts";
import type { Reader } from "../../queue/ports/reader.ts";
import type { Tell } from "../app.ts";
import { Progress } from "../progress.ts";

/** What keeps the index. */
type Index = Pick<Reader, "bringSearchUpToDate">;

/** What a command that has done its work gives the index at its end. */
const SPARE_MS = 200;

/** Brings the search index up to date for a search, if there is one, and tells how far it has come.
 *  Where it cannot be written the search goes without, which takes longer. */
export async function readySearch(
  tell: Pick<Tell, "note" | "progress" | "hearsProgress">,
  store: Index,
  search: string | undefined,
): Promise<void> {
  if (search === undefined) return;
  try {
    using progress = new Progress(tell, { what: "bringing the search index up to date" });
    await store.bringSearchUpToDate({ onProgress: progress.note });
  } catch (error) {
    tell.note(`searching without an index, which may take longer: ${inTheWay(error).message}`);
  }
}

/** Takes what it can into the index within a fraction of a second. That it cannot be written is
 *  no matter: the next search says so. */
export async function spareForSearch(store: Index): Promise<void> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), SPARE_MS);
  try {
    await store.bringSearchUpToDate({ signal: over.signal });
  } catch (error) {
    inTheWay(error);
  } finally {
    clearTimeout(timer);
  }
}

/** What keeps the index from being written but not the queue from being read; rethrows all else. */
function inTheWay(error: unknown): MailqError {
  const isPassing = error instanceof MailqError &&
    (error.code === "busy" || error.code === "disk_full" || error.code === "permission" ||
      error.code === "io_error");
  if (!isPassing) throw error;
  return error;
}
