import { MailqError } from "../queue/errors.ts";
import type { Clock, Random, Store } from "../queue/ports.ts";

export interface OpenOptions {
  /** Make the queue if there is none; otherwise a queue that is not there counts as empty. */
  readonly create: boolean;
  readonly isWorker: boolean;
  readonly clock: Clock;
  readonly random: Random;
}

/** Opens the queue that a path, or a URL, names. */
export async function openStore(queue: string, options: OpenOptions): Promise<Store> {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(queue)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== "sqlite" && scheme !== "file") {
    throw new MailqError(
      "config_invalid",
      `Cannot open the queue "${queue}": expected a file's path or sqlite:PATH`,
    );
  }
  const path = queue.replace(/^(sqlite|file):(\/\/(?=\/))?/i, "");
  const { SqliteStore } = await import("./sqlite/store.ts");
  const isThere = options.create || exists(path);
  return await SqliteStore.open({ ...options, path: isThere ? path : ":memory:" });
}

/** Whether there is a queue at this path. */
export function exists(path: string): boolean {
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
