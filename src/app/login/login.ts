// Logs in to a relay by OAuth 2 with PKCE (RFC 6749, RFC 7636, RFC 8628): the browser comes back to a port of
// this machine, or a person carries a code. Called by `mailq login`, which shows what is to be done.

import { errorText, MailqError } from "../../queue/errors.ts";
import { clientOf, type OAuthClient } from "../../transport/oauth/provider.ts";
import {
  askProvider,
  ProviderRefusal,
  requestTokens,
} from "../../transport/oauth/token_request.ts";
import { lockTokens, TokenPlace, type Tokens } from "../../transport/oauth/token_file.ts";
import type { Settings } from "../../config/settings.ts";
import type { App } from "../app.ts";
import { Loopback } from "./loopback.ts";
import { loginFile, ownerOfLogin } from "./login_file.ts";
import { base64Url, isRight, readAnswer } from "./answer.ts";

type LoginApp = Pick<App, "clock" | "random" | "wait" | "stopSignal">;

/** How the person and the program come together. */
interface LoginTalk {
  readonly way: "browser" | "device" | "paste";
  /** Told the address that is to be opened in a browser; for a device with the code to be typed there. */
  readonly onUrl: (url: string, code: string | null) => void;
  /** What the person pastes: the address that the browser ended at, or the code alone. */
  readonly readPasted: () => Promise<string>;
}

interface LoggedIn {
  readonly relay: string;
  readonly user: string;
  readonly file: string;
  /** When it ends however often it is renewed; null = not known. */
  readonly endsAt: number | null;
  /** Whether it is renewed by itself. */
  readonly isRenewed: boolean;
}

/** Logs in, and keeps the tokens. Throws `usage` for a relay that has no such login, `config_invalid` where
 *  a setting is missing, `relay_unavailable` for what the provider refuses, `busy` if told to stop. */
export async function logInTo(
  app: LoginApp,
  settings: Settings,
  name: string,
  talk: LoginTalk,
): Promise<LoggedIn> {
  const relay = settings.relays.find((one) => one.name === name);
  if (relay === undefined || relay.password?.kind !== "oauth" || relay.user === null) {
    throw new MailqError(
      "usage",
      relay === undefined
        ? `Cannot find a relay called "${name}": expected one of ` +
          settings.relays.map((one) => one.name).join(", ")
        : `Cannot log in to the relay ${name} so: expected relay.${name}.oauth.provider (or its ` +
          `URLs), relay.${name}.oauth.client_id and relay.${name}.user in the settings`,
    );
  }
  const client = clientOf(name, relay.password.settings);
  const file = loginFile(settings, relay.name, relay.password.settings);
  let tokens: Tokens;
  try {
    // Before anybody is troubled: what the provider gives must have a place.
    using place = TokenPlace.make(file, ownerOfLogin(settings, file));
    tokens = talk.way === "device"
      ? await byDevice(app, client, talk)
      : await byCode(app, client, relay.user, talk);
    using _lock = await lockTokens(file);
    await place.put(tokens);
  } catch (error) {
    if (error instanceof MailqError) throw error;
    if (app.stopSignal().aborted) throw new MailqError("busy", "Cannot log in: stopped");
    const code = error instanceof Deno.errors.PermissionDenied ? "permission" : "relay_unavailable";
    throw new MailqError(code, `Cannot log in to the relay ${name}: ${errorText(error)}`, {
      cause: error,
    });
  }
  return {
    relay: name,
    user: relay.user,
    file,
    endsAt: tokens.endsAt,
    isRenewed: tokens.refreshToken !== null,
  };
}

async function byCode(
  app: LoginApp,
  client: OAuthClient,
  user: string,
  { way, onUrl, readPasted }: LoginTalk,
): Promise<Tokens> {
  if (client.authorizeUrl === null) throw missing(client, "authorize_url");
  const verifier = base64Url(app.random.bytes(32));
  const state = base64Url(app.random.bytes(16));
  const signal = app.stopSignal();
  await using loopback = way === "browser" ? Loopback.listen(client.redirectHost, state) : null;
  const redirect = loopback?.url ?? `http://${client.redirectHost}:${PASTE_PORT}/`;
  const url = new URL(client.authorizeUrl);
  const challenge = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const fields = {
    response_type: "code",
    client_id: client.clientId,
    redirect_uri: redirect,
    scope: client.scope,
    state,
    code_challenge: base64Url(new Uint8Array(challenge)),
    code_challenge_method: "S256",
    login_hint: user,
    ...client.extra,
  };
  for (const [key, value] of Object.entries(fields)) url.searchParams.set(key, value);
  onUrl(url.href, null);
  const answer = loopback === null
    ? readAnswer(await Promise.race([readPasted(), stopped(signal)]))
    : await loopback.answer(signal);
  if (answer.error !== null) throw new ProviderRefusal(answer.error, `refused: ${answer.error}`);
  // A code that is pasted alone has no state; whoever pastes it has had it from his own browser.
  if (!isRight(answer, state, way)) throw new Error("the answer is not for this login; begin anew");
  const grant = {
    grant_type: "authorization_code",
    code: answer.code ?? "",
    redirect_uri: redirect,
    code_verifier: verifier,
  };
  return await requestTokens(client, grant, { earlier: null, now: app.clock.now(), signal });
}

/** Rejects when told to stop. */
function stopped(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(new Error("stopped"));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop);
  });
}

/** Nobody needs to listen: the person reads the address that the browser ends at. */
const PASTE_PORT = 9_999;
/** What RFC 8628 3.5 has a device wait more when it is told to slow down. */
const SLOWER_MS = 5_000;

async function byDevice(
  app: LoginApp,
  client: OAuthClient,
  { onUrl }: LoginTalk,
): Promise<Tokens> {
  if (client.deviceUrl === null) throw missing(client, "device_url");
  const signal = app.stopSignal();
  const asked = await askProvider(
    client.deviceUrl,
    { client_id: client.clientId, scope: client.scope },
    signal,
  );
  const { device_code, user_code, verification_uri, verification_url, expires_in, interval } =
    asked;
  const where = verification_uri ?? verification_url;
  if (
    typeof device_code !== "string" || typeof user_code !== "string" || typeof where !== "string"
  ) {
    throw new Error(`${new URL(client.deviceUrl).host} gives no code for a device`);
  }
  onUrl(where, user_code);
  let leftMs = (Number(expires_in) > 0 ? Number(expires_in) : 900) * 1_000;
  let pauseMs = (Number(interval) > 0 ? Number(interval) : 5) * 1_000;
  const grant = { grant_type: "urn:ietf:params:oauth:grant-type:device_code", device_code };
  while (leftMs > 0) {
    await app.wait(pauseMs, signal);
    if (signal.aborted) throw new Error("stopped");
    leftMs -= pauseMs;
    try {
      return await requestTokens(client, grant, { earlier: null, now: app.clock.now(), signal });
    } catch (error) {
      const code = error instanceof ProviderRefusal ? error.code : "";
      if (code === "slow_down") pauseMs += SLOWER_MS;
      else if (code !== "authorization_pending") throw error;
    }
  }
  throw new Error("nobody has typed the code in time");
}

function missing({ relay }: OAuthClient, key: string): MailqError {
  return new MailqError(
    "config_invalid",
    `Cannot log in to the relay ${relay} this way: its provider has none; expected ` +
      `relay.${relay}.oauth.${key}, or another way (--paste)`,
  );
}
