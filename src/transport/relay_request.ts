// What a relay is made of: what the settings say of it, and what it needs of the program. The
// application fills it in; `open_relay.ts` and what it loads read it.

import type { AuthKind, PasswordSource, RelayTarget, TlsSettings } from "../queue/relay_target.ts";
import type { Writer } from "./console.ts";
import type { Variables } from "./program/variables.ts";

/** A relay as the settings describe it. */
export interface RelayRequest {
  readonly name: string;
  readonly target: RelayTarget;
  readonly user: string | null;
  /** Null = with a user: systemd's credential `mailq-password-NAME`, else `mailq-password`. */
  readonly password: PasswordSource | null;
  /** What the secret is; null = found out by trying. */
  readonly auth: AuthKind | null;
  readonly tls: TlsSettings;
  /** Recipients of one transaction at most; null = as many as the relay takes. */
  readonly recipientLimit: number | null;
}

/** What relays need of the program. */
export interface RelayContext {
  /** Our name towards SMTP servers. */
  readonly heloName: string;
  /** Where systemd keeps our credentials; null = there are none. */
  readonly credentialsFolder?: string | null;
  /** Where `console:` writes. */
  readonly write: Writer;
  /** The environment that programs get; by default ours. */
  readonly env?: Variables;
  /** The file we run from; by default that of this process. */
  readonly ownPath?: string;
}
