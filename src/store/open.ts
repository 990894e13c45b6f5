// Opens the store that a queue's path or URL names. Commands, threads and tests come in here; what
// a store promises is in src/queue/ports.

import { MailqError } from "../queue/errors.ts";
import type { OpenOptions } from "./options.ts";
import type { Store } from "../queue/ports/store.ts";

/** Opens the queue that a path, or a URL, names. */
export async function openStore(queue: string, options: OpenOptions): Promise<Store> {
  const path = queuePath(queue);
  const { SqliteStore } = await import("./sqlite/store.ts");
  const isThere = options.create || fileExists(path);
  return await SqliteStore.open({ ...options, path: isThere ? path : null });
}

/** Whether there is a queue by this name. */
export function queueExists(queue: string): boolean {
  return fileExists(queuePath(queue));
}

/** The file of a queue that is named by a path or by a `sqlite:` or `file:` URL. Throws
 *  `config_invalid` for other URLs and for names that stand for no file. */
export function queuePath(queue: string): string {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(queue)?.[1]?.toLowerCase();
  const isKnown = scheme === undefined || scheme === "sqlite" || scheme === "file";
  const path = queue.replace(/^(sqlite|file):(\/\/(?=\/))?/i, "");
  // SQLite's name for a database in memory, where mail would be acknowledged and lost.
  if (isKnown && path !== "" && path !== ":memory:") return path;
  throw new MailqError(
    "config_invalid",
    `Cannot open the queue "${queue}": expected a file's path or sqlite:PATH`,
  );
}

function fileExists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new MailqError("permission", `Cannot open the queue ${path}: permission denied`, {
        cause: error,
      });
    }
    throw error;
  }
}
