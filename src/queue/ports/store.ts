// The whole of a queue on disk. src/store makes them; who uses one asks for the narrowest of the
// ports that does. tests/contract/store_contract.ts holds every store to their promises.

import type { Bounces } from "./bounces.ts";
import type { Claims } from "./claims.ts";
import type { Copying } from "./copying.ts";
import type { EventLog } from "./events.ts";
import type { Counters } from "./counters.ts";
import type { Hooks } from "./hooks.ts";
import type { Inbox } from "./inbox.ts";
import type { Intake } from "./intake.ts";
import type { Operator } from "./operator.ts";
import type { Reader } from "./reader.ts";
import type { Reports } from "./reports.ts";

export interface Store
  extends Intake, Claims, Reader, Operator, EventLog, Hooks, Counters, Reports, Bounces {
  /** For `mailq copy`. */
  copying(): Promise<Copying>;
  /** Mail from SQL; absent where the store is no database that others use. */
  readonly inbox?: Inbox;
  /** Closes the queue. Nothing may be under way, and nothing be asked of it any more. */
  close(): Promise<void>;
}
