// Who gives out tokens: the endpoints of Google and Microsoft, and those of any other as the settings name
// them. Called by whoever logs in or renews a login.

import { MailqError } from "../../queue/errors.ts";
import type { OAuthSettings } from "../../queue/relay_target.ts";

const DAY_MS = 24 * 60 * 60_000;

/** What is known of a provider. */
interface Provider {
  readonly authorizeUrl: string;
  readonly tokenUrl: string;
  /** Null where mail is not given to devices. */
  readonly deviceUrl: string | null;
  readonly scope: string;
  /** What the page of the login is asked beyond what all are. */
  readonly extra: Readonly<Record<string, string>>;
  /** The host of the address that the browser is sent back to, as the provider wants it written. */
  readonly redirectHost: string;
  /** How long a login lasts that nobody renews; null = not known. */
  readonly idleMs: number | null;
}

const MICROSOFT = "https://login.microsoftonline.com/common/oauth2/v2.0";

const PROVIDERS: Readonly<Record<"google" | "microsoft", Provider>> = {
  // developers.google.com/identity/protocols/oauth2/native-app; .../limited-input-device has no scope of
  // mail.
  google: {
    authorizeUrl: "https://accounts.google.com/o/oauth2/v2/auth",
    tokenUrl: "https://oauth2.googleapis.com/token",
    deviceUrl: null,
    scope: "https://mail.google.com/",
    extra: { access_type: "offline", prompt: "consent" },
    redirectHost: "127.0.0.1",
    idleMs: 180 * DAY_MS,
  },
  // learn.microsoft.com/entra/identity-platform: v2-oauth2-auth-code-flow, v2-oauth2-device-code,
  // refresh-tokens (90 days).
  microsoft: {
    authorizeUrl: `${MICROSOFT}/authorize`,
    tokenUrl: `${MICROSOFT}/token`,
    deviceUrl: `${MICROSOFT}/devicecode`,
    scope: "https://outlook.office.com/SMTP.Send offline_access",
    extra: { prompt: "select_account" },
    redirectHost: "localhost",
    idleMs: 90 * DAY_MS,
  },
};

/** All that is needed to log in to a relay and to renew that. */
export interface OAuthClient extends Omit<Provider, "authorizeUrl"> {
  readonly relay: string;
  readonly authorizeUrl: string | null;
  readonly clientId: string;
  /** A file whose first line is the client's secret; null where it has none. */
  readonly clientSecretFile: string | null;
}

/** The client of a relay's settings. Throws `config_invalid` where something is missing. */
export function clientOf(relay: string, settings: OAuthSettings): OAuthClient {
  const known = settings.provider === null ? null : PROVIDERS[settings.provider];
  const { clientId } = settings;
  const tokenUrl = settings.tokenUrl ?? known?.tokenUrl ?? null;
  const missing = clientId === null
    ? "client_id: the id of an application that you have registered with the provider"
    : tokenUrl === null
    ? "provider (google, microsoft), or token_url and authorize_url"
    : null;
  if (clientId === null || tokenUrl === null) {
    throw new MailqError(
      "config_invalid",
      `Cannot log in to the relay ${relay}: expected relay.${relay}.oauth.${missing}`,
    );
  }
  const client = {
    relay,
    clientId,
    clientSecretFile: settings.clientSecretFile,
    authorizeUrl: settings.authorizeUrl ?? known?.authorizeUrl ?? null,
    tokenUrl,
    deviceUrl: settings.deviceUrl ?? known?.deviceUrl ?? null,
    scope: settings.scope ?? known?.scope ?? "",
    extra: known?.extra ?? {},
    redirectHost: known?.redirectHost ?? "127.0.0.1",
    idleMs: known?.idleMs ?? null,
  };
  for (const url of [client.authorizeUrl, client.tokenUrl, client.deviceUrl]) {
    if (url === null || isSafe(url)) continue;
    throw new MailqError(
      "config_invalid",
      `Cannot log in to the relay ${relay} by ${url}: expected an https: URL`,
    );
  }
  return client;
}

/** Nothing of a login goes in clear over a network. */
function isSafe(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === "https:" ||
    url.protocol === "http:" && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname));
}
