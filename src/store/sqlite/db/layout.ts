// Numbers of the file's layout. The connection needs them before the schema (schema.ts) is loaded,
// which most processes never do.

// A queue is one SQLite file in WAL mode with synchronous=FULL: what is committed survives a power
// cut. Beside a queue called `queue.db` there are:
//
//   queue.db-wal, -shm    SQLite's own
//   queue.db-worker-HEX   one a worker: its lock, and the claims whose bytes began to go out
//                         (claims/workers.ts)
//   queue.db-wake         touched after commits that somebody may wait for (db/wake.ts)
//   queue.db-lock         held by a pass, so that passes do not pile up (src/app/send/lock.ts)
//   queue.db-hook-NAME    one a hook: held by who tells it (events/hooks.ts)
//   queue.db-drop-lock    held by who takes drops in (src/app/drops/take_in.ts)
//   queue.db-replaced-*   queues that `mailq restore` has put a backup in the place of (act/restore.ts)

/** "mlq1": marks a SQLite file as a mailq queue. */
export const APPLICATION_ID = 0x6d6c7131;

/** "mlqr": marks a queue that a backup has replaced. It is open to whoever names it as it is kept. */
export const REPLACED_ID = 0x6d6c7172;

/** The names under which a queue can be kept that is replaced at this time, the best first. */
export function* keptNames(queue: string, now: number): Generator<string, never> {
  const name = `${queue}-replaced-${new Date(now).toISOString().replace(/[-:]|\.\d+/g, "")}`;
  yield name;
  for (let n = 2;; n++) yield `${name}-${n}`;
}

/** Whether a path is such a name. */
export function isKeptName(path: string): boolean {
  return /-replaced-\d{8}T\d{6}Z(-\d+)?$/.test(path);
}

/** The schema this program knows: how many steps there are (schema.ts). */
export const SCHEMA_VERSION = 11;

/** The body of a message is cut into rows of this many bytes: one 50 MB BLOB would peak at
 *  178 MB of memory when it is inserted, rows at 36 MB. */
export const PART_BYTES = 256 * 1024;

/** `body.part` is the message's seq times this, plus the part's place in the message. */
export const PARTS_PER_MESSAGE = 4096;
