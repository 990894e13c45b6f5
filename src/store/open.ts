// Opens the store that a queue's path or URL names. Commands, threads and tests come in here; what
// a store promises is in src/queue/ports.

import { MailqError } from "../queue/errors.ts";
import type { OpenOptions } from "./options.ts";
import type { Store } from "../queue/ports/store.ts";

/** Opens the queue that a path, or a URL, names. Throws `config_invalid` for one on a file system of a
 *  network, where it would be damaged. */
export async function openStore(queue: string, options: OpenOptions): Promise<Store> {
  if (isOnPostgres(queue)) {
    const { PostgresStore }: typeof import("./postgres/store.ts") = await import(
      import.meta.resolve("./postgres/store.ts")
    );
    return await PostgresStore.open({ ...options, url: queue });
  }
  const path = queuePath(queue);
  const { SqliteStore } = await import("./sqlite/store.ts");
  // Of one that is to be made the making says what is wrong.
  const device = options.create ? deviceIfAny(path) : deviceOf(path);
  if (device === null ? options.create : isNoDisk(device)) {
    const { refuseRemoteDisk }: typeof import("./remote_disk.ts") = await import(
      import.meta.resolve("./remote_disk.ts")
    );
    refuseRemoteDisk(path);
  }
  return await SqliteStore.open({
    ...options,
    path: options.create || device !== null ? path : null,
  });
}

/** Whether a queue is named by the URL of one on PostgreSQL; others are files. */
export function isOnPostgres(queue: string): boolean {
  return /^postgres(ql)?:/i.test(queue);
}

/** Whether there is a queue by this name. Of one on PostgreSQL that is only known once it is opened. */
export function queueExists(queue: string): boolean {
  return isOnPostgres(queue) || deviceOf(queuePath(queue)) !== null;
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
    `Cannot open the queue "${queue}": expected a file's path, sqlite:PATH or postgres://HOST/DATABASE`,
  );
}

/** The number of the device that a queue's file is on; null if it is not there. */
function deviceOf(path: string): number | null {
  try {
    return Deno.statSync(path).dev;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new MailqError("permission", `Cannot open the queue ${path}: permission denied`, {
        cause: error,
      });
    }
    throw error;
  }
}

function deviceIfAny(path: string): number | null {
  try {
    return Deno.statSync(path).dev;
  } catch {
    return null;
  }
}

/** Whether a device number is that of no disk (its major number is 0): memory, a network, a program.
 *  What is on a disk costs a call no more than the question. */
function isNoDisk(device: number): boolean {
  return ((device >>> 8) & 0xfff) === 0;
}
