// What relays need of the program, whatever the settings say of them. The application fills it in;
// `open_relay.ts` and what it loads read it.

import type { RelayMemory } from "./smtp/connection/connect.ts";
import type { Writer } from "./console.ts";
import type { Variables } from "./program/variables.ts";

/** What relays need of the program. */
export interface RelayContext {
  /** Our name towards SMTP servers. */
  readonly heloName: string;
  /** Where systemd keeps our credentials; null = there are none. */
  readonly credentialsFolder?: string | null;
  /** Where the tokens of a login by OAuth 2 are; null = nowhere. */
  readonly loginFile?: string | null;
  /** Where `console:` writes. */
  readonly write: Writer;
  /** The environment that programs get; by default ours. */
  readonly env?: Variables;
  /** Told each line of every SMTP conversation as it is said, without secrets. */
  readonly onSaid?: (line: string) => void;
  /** Where it is kept what was found out of the relay; by default nowhere: which family of addresses
   *  reaches it each process then finds out anew, in a quarter of a second. */
  readonly memory?: RelayMemory;
  /** The file we run from; by default that of this process. */
  readonly ownPath?: string;
}
