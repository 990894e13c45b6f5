// What a log is told: attempts, news of a pass, mail taken in. Use cases tell it (`Tell.event`); how a
// line of it looks is src/cli/log's.

import type { News } from "../delivery/news.ts";
import type { AttemptRecord } from "../queue/claim.ts";

/** Something that happened and is on disk. */
export type LogEvent =
  | {
    readonly type: "attempt";
    readonly attempt: AttemptRecord;
    /** Another worker had taken the message over meanwhile. */
    readonly isClaimLost: boolean;
  }
  | News
  | {
    readonly type: "message.enqueued";
    readonly ids: readonly string[];
    /** Whose mail it is; null where nobody said. */
    readonly submitter: string | null;
    readonly way: "drop" | "smtp" | "submit" | "sql";
    /** The address it came from; null for a program of this machine. */
    readonly client: string | null;
  }
  /** Somebody has given a wrong name or password to a listener. */
  | { readonly type: "login.failed"; readonly user: string; readonly client: string | null };
