// How far each hook is, in the table `hook`, and the lock of who tells it. The store calls it for its port
// `Hooks`; telling is src/app/hooks'.

import type { HookState } from "../../../queue/ports/hooks.ts";
import { FileLock } from "../../../system/file_lock.ts";
import { giveToOwnerOf } from "../../../system/handles.ts";
import { toHookState } from "../../sql/rows/hook_row.ts";
import { fileError } from "../../file_errors.ts";
import { newestEvent } from "./read.ts";
import { clean, type Connection } from "../db/connection.ts";

const FIND = "SELECT * FROM hook WHERE name = ?";

/** See Hooks.beginHooks. */
export async function beginHooks(db: Connection, names: readonly string[]): Promise<void> {
  const isNew = (name: string) => db.get(FIND, name) === undefined;
  if (!names.some(isNew)) return;
  await db.write(() => {
    for (const name of names.filter(isNew)) {
      db.run(
        "INSERT INTO hook (name, position, told, failures) VALUES (?, ?, 0, 0)",
        name,
        newestEvent(db),
      );
    }
  });
}

/** See Hooks.hookStates. */
export function hookStates(db: Connection, names: readonly string[]): HookState[] {
  return names.map((name) =>
    toHookState(db.get(FIND, name) ?? { name, position: newestEvent(db), told: 0, failures: 0 })
  );
}

/** See Hooks.takeHook. */
export async function takeHook(
  db: Connection,
  name: string,
): Promise<{ release(): void } | null> {
  if (db.isInMemory) return { release() {} };
  const path = `${db.file}-hook-${name}`;
  try {
    const lock = await FileLock.tryTake(path);
    if (lock !== null) giveToOwnerOf(db.file, lock.file);
    return lock;
  } catch (error) {
    throw fileError(`Cannot lock ${path}`, error);
  }
}

/** See Hooks.noteHook. */
export async function noteHook(db: Connection, state: HookState, from: number): Promise<boolean> {
  return await db.write(() =>
    db.run(
      `UPDATE hook SET position = ?, batch_to = ?, told = ?, told_at = ?, failures = ?,
         failing_since = ?, next_at = ?, last_error = ? WHERE name = ? AND position = ?`,
      state.position,
      state.batchTo,
      state.told,
      state.toldAt,
      state.failures,
      state.failingSince,
      state.nextAt,
      clean(state.lastError),
      state.name,
      from,
    ) > 0
  );
}

/** See Hooks.idsTagged. */
export function idsTagged(db: Connection, ids: readonly string[], tagStart: string): string[] {
  const rows = db.all(
    `SELECT id FROM message WHERE id IN (SELECT value FROM json_each(?)) AND EXISTS (
       SELECT 1 FROM tag WHERE tag.seq = message.seq AND substr(tag, 1, length(?)) = ?)`,
    JSON.stringify(ids),
    tagStart,
    tagStart,
  );
  return rows.map((row) => String(row.id));
}

/** See Hooks.queueId. */
export function queueId(db: Connection): string {
  return String(db.get("SELECT value FROM meta WHERE key = 'queue_id'")?.value);
}
