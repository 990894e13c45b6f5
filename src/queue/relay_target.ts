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
