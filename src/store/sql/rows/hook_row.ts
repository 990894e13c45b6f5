// Rows of the table `hook` as the states they stand for. The stores' events/hooks.ts read and write
// them.

import type { HookState } from "../../../queue/ports/hooks.ts";
import { int, number, text } from "../columns.ts";
import type { Row } from "../row.ts";

export function toHookState(row: Row): HookState {
  return {
    name: String(row.name),
    position: int(row.position),
    batchTo: number(row.batch_to),
    told: int(row.told),
    toldAt: number(row.told_at),
    failures: int(row.failures),
    failingSince: number(row.failing_since),
    nextAt: number(row.next_at),
    lastError: text(row.last_error),
  };
}
