// What process 1 of a container has to do: children whose parents have died become its own, and stay as
// zombies until it has asked for them. Started by `mailq run` where it is process 1.

import { reapChild } from "./libc.ts";
import type { Wait } from "../time.ts";

const EVERY_MS = 5_000;

/** Reaps what others have left, until told to stop. Our own programs are waited for by whoever has
 *  started them, at once: only who is still there at the second look is nobody's. */
export async function reapOrphans(wait: Wait, signal: AbortSignal): Promise<void> {
  let before = new Set<number>();
  while (!signal.aborted) {
    await wait(EVERY_MS, signal);
    const zombies = zombiesOf(Deno.pid);
    for (const pid of zombies) if (before.has(pid)) reapChild(pid);
    before = new Set(zombies);
  }
}

/** The children of a process that have ended and were not asked for. */
function zombiesOf(parent: number): number[] {
  const found: number[] = [];
  try {
    for (const { name } of Deno.readDirSync("/proc")) {
      if (/^\d+$/.test(name) && isZombieOf(name, parent)) found.push(Number(name));
    }
  } catch {
    // No /proc: nobody can be found.
  }
  return found;
}

function isZombieOf(pid: string, parent: number): boolean {
  try {
    // The name, in brackets, may hold anything.
    const [state, ppid] =
      Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ") ??
        [];
    return state === "Z" && Number(ppid) === parent;
  } catch {
    // It has gone meanwhile.
    return false;
  }
}
