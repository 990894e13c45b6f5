// The keys `oauth.*` of a relay's table: who gives out its tokens. definitions.ts has them among all keys of
// relays, relays.ts makes a way to the password of them.

import type { OAuthSettings, PasswordSource } from "../../queue/relay_target.ts";

export const OAUTH_KEYS = {
  "oauth.provider": {
    kind: "choice",
    choices: ["google", "microsoft"],
    default: null,
    doc: "Who gives the login's tokens: google or microsoft (`mailq login`); others by their URLs",
  },
  "oauth.client_id": {
    kind: "string",
    default: null,
    doc: "The id of the application that was registered with the provider",
  },
  "oauth.client_secret_file": {
    kind: "path",
    default: null,
    doc: "A file whose first line is the application's secret, where it has one",
  },
  "oauth.authorize_url": { kind: "string", default: null, doc: "Where a browser logs in" },
  "oauth.token_url": { kind: "string", default: null, doc: "Where tokens are given" },
  "oauth.device_url": { kind: "string", default: null, doc: "Where codes for devices are given" },
  "oauth.scope": { kind: "string", default: null, doc: "What the login is for" },
  "oauth.token_file": {
    kind: "path",
    default: null,
    doc: "Where the login is kept, else beside the queue",
  },
} as const;

type OAuthKey = keyof typeof OAUTH_KEYS;

/** The tokens of a login as the source of a relay's password; null where no login is set. */
export function oauthSource(
  read: (key: OAuthKey) => string | null,
): Extract<PasswordSource, { kind: "oauth" }> | null {
  const provider = read("oauth.provider");
  const settings: OAuthSettings = {
    provider: provider === "google" || provider === "microsoft" ? provider : null,
    clientId: read("oauth.client_id"),
    clientSecretFile: read("oauth.client_secret_file"),
    authorizeUrl: read("oauth.authorize_url"),
    tokenUrl: read("oauth.token_url"),
    deviceUrl: read("oauth.device_url"),
    scope: read("oauth.scope"),
    tokenFile: read("oauth.token_file"),
  };
  const isSet = Object.values(settings).some((value) => value !== null);
  return isSet ? { kind: "oauth", settings } : null;
}
