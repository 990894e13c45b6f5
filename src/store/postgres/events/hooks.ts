// How far each hook is, in the table `hook`, and who tells it: a worker that lives. The store calls it
// for its port `Hooks`; telling is src/app/hooks'.

import type { HookState } from "../../../queue/ports/hooks.ts";
import { toHookState } from "../../sql/rows/hook_row.ts";
import { isDead, WORKERS } from "../claims/life.ts";
import type { PostgresWorker } from "../claims/workers.ts";
import type { Database } from "../db/connection.ts";
import { json } from "../db/transaction.ts";
import { newestEvent } from "./read.ts";

const FIND = "SELECT * FROM hook WHERE name = ?";

/** See Hooks.beginHooks. */
export async function beginHooks(db: Database, names: readonly string[]): Promise<void> {
  for (const name of names) {
    if (await db.get(FIND, name) !== undefined) continue;
    const position = await newestEvent(db);
    await db.run(
      `INSERT INTO hook (name, position, told, failures) VALUES (?, ?, 0, 0)
       ON CONFLICT DO NOTHING`,
      name,
      position,
    );
  }
}

/** See Hooks.hookStates. */
export async function hookStates(db: Database, names: readonly string[]): Promise<HookState[]> {
  const states: HookState[] = [];
  for (const name of names) {
    const row = await db.get(FIND, name) ??
      { name, position: await newestEvent(db), told: 0, failures: 0 };
    states.push(toHookState(row));
  }
  return states;
}

/** See Hooks.takeHook: the hook is `worker`'s until that is closed, or dead. */
export async function takeHook(
  db: Database,
  name: string,
  worker: PostgresWorker,
): Promise<{ release(): void } | null> {
  const taken = await db.write(async (tx) => {
    await tx.run("INSERT INTO hook_owner (name) VALUES (?) ON CONFLICT DO NOTHING", name);
    const row = await tx.get("SELECT worker FROM hook_owner WHERE name = ? FOR UPDATE", name);
    const owner = await tx.get(`${WORKERS} WHERE id = ?`, Number(row?.worker ?? 0));
    if (owner !== undefined && !await isDead(owner)) return false;
    await tx.run("UPDATE hook_owner SET worker = ? WHERE name = ?", worker.id, name);
    return true;
  });
  // Closing takes the registration out of the queue, and with it the hold.
  const release = () => void worker.close().catch(() => worker.letGo());
  if (taken) return { release };
  await worker.close();
  return null;
}

/** See Hooks.noteHook. */
export async function noteHook(db: Database, state: HookState, from: number): Promise<boolean> {
  const changed = await db.run(
    `UPDATE hook SET position = ?, batch_to = ?, told = ?, told_at = ?, failures = ?,
       failing_since = ?, next_at = ?, last_error = ? WHERE name = ? AND position = ?`,
    state.position,
    state.batchTo,
    state.told,
    state.toldAt,
    state.failures,
    state.failingSince,
    state.nextAt,
    state.lastError,
    state.name,
    from,
  );
  return changed > 0;
}

/** See Hooks.idsTagged. */
export async function idsTagged(
  db: Database,
  ids: readonly string[],
  tagStart: string,
): Promise<string[]> {
  const rows = await db.all(
    `SELECT id FROM message WHERE id IN (SELECT jsonb_array_elements_text(?::jsonb)) AND EXISTS (
       SELECT 1 FROM tag WHERE tag.seq = message.seq AND starts_with(tag, ?))`,
    json(ids),
    tagStart,
  );
  return rows.map((row) => String(row.id));
}
