// Where a relay is and how it is spoken to. src/config reads it from the settings, src/transport
// opens it.

/** Where a relay's URL leads. */
export type RelayTarget =
  | {
    readonly kind: "smtp";
    readonly host: string;
    readonly port: number;
    /** TLS from the first byte (`smtps:`). */
    readonly isImplicitTls: boolean;
    readonly login: Login | null;
  }
  | { readonly kind: "lmtp"; readonly host: string; readonly port: number }
  | { readonly kind: "lmtp_socket"; readonly path: string }
  | { readonly kind: "sendmail" | "maildir" | "file"; readonly path: string }
  | { readonly kind: "exec"; readonly command: string }
  | { readonly kind: "console" | "null" };

/** What stands before the `@` of a URL, percent signs decoded. */
export interface Login {
  readonly user: string;
  readonly password: string | null;
}

/** Whether TLS is a must, is used where the relay offers it, or is left alone. */
export type TlsMode = "required" | "opportunistic" | "off";

/** How a relay is to be spoken to under TLS. */
export interface TlsSettings {
  readonly mode: TlsMode;
  /** Whether the mode was written out: only then may a login go in clear over a network. */
  readonly isModeWritten: boolean;
  /** A PEM file of the authorities to trust in place of the system's. */
  readonly ca: string | null;
  /** The SHA-256 fingerprint of the one certificate to trust. */
  readonly fingerprint: string | null;
}

/** What a relay's secret is and how it is shown: a password, by whichever mechanism; an OAuth 2
 *  token likewise; or by this mechanism alone. */
export type AuthKind =
  | "password"
  | "oauth"
  | "scram-sha-256"
  | "plain"
  | "login"
  | "oauthbearer"
  | "xoauth2";

/** Where a relay's password comes from. */
export type PasswordSource =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "command"; readonly command: string }
  /** A login by OAuth 2, made by `mailq login`. */
  | { readonly kind: "oauth"; readonly settings: OAuthSettings };

/** Who gives out a relay's tokens, as the settings say; null = not set. */
export interface OAuthSettings {
  readonly provider: "google" | "microsoft" | null;
  readonly clientId: string | null;
  readonly clientSecretFile: string | null;
  readonly authorizeUrl: string | null;
  readonly tokenUrl: string | null;
  readonly deviceUrl: string | null;
  readonly scope: string | null;
  /** Where the tokens are kept; null = beside the queue. */
  readonly tokenFile: string | null;
}

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

/** Whether a relay's host is this machine, where nothing can listen in. */
export function isLoopback(host: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|::1)\.?$/i.test(host);
}
