// The access token of a relay's login, renewed before it ends. The SMTP client asks when it logs in, and
// `send` and `run` ahead of that (src/app/login). Two processes at once renew once: the second finds what
// the first has put in the file.

import { errorText } from "../../queue/errors.ts";
import type { OAuthClient } from "./provider.ts";
import { lockTokens, readTokens, TokenPlace, type Tokens } from "./token_file.ts";
import { ProviderRefusal, requestTokens } from "./token_request.ts";

/** A token with less time left is renewed. */
const AHEAD_MS = 5 * 60_000;

/** A login that cannot be used; the text says what to do. */
class LoginTrouble extends Error {
  override readonly name = "LoginTrouble";
}

interface RenewOptions {
  readonly now: () => number;
  /** A token that the relay has refused: another is wanted. */
  readonly refused?: string;
  /** Renew unless it was renewed since then; by default only when it is about to end. */
  readonly renewedSince?: number;
}

/** A token that is good for some minutes. Rejects with `LoginTrouble`. */
export async function accessToken(
  client: OAuthClient,
  path: string,
  { now, refused, renewedSince = 0 }: RenewOptions,
): Promise<string> {
  const isGood = (tokens: Tokens) =>
    tokens.accessToken !== refused && tokens.accessEndsAt - now() > AHEAD_MS &&
    tokens.renewedAt >= renewedSince;
  const tokens = tokensIn(client, path);
  if (isGood(tokens)) return tokens.accessToken;
  try {
    using _lock = await lockTokens(path);
    const latest = tokensIn(client, path);
    if (isGood(latest)) return latest.accessToken;
    return await renew(client, path, latest, now());
  } catch (error) {
    if (error instanceof LoginTrouble) throw error;
    throw new LoginTrouble(`the login cannot be renewed: ${errorText(error)}`, { cause: error });
  }
}

function tokensIn({ relay }: OAuthClient, path: string): Tokens {
  let tokens: Tokens | null;
  try {
    tokens = readTokens(path);
  } catch (error) {
    throw new LoginTrouble(`the login cannot be read: ${errorText(error)}`, { cause: error });
  }
  if (tokens === null) {
    throw new LoginTrouble(`nobody has logged in to this relay yet: \`mailq login ${relay}\``);
  }
  if (tokens.isOver) throw new LoginTrouble(overText(relay, tokens.trouble));
  return tokens;
}

function overText(relay: string, trouble: string | null): string {
  return `the login has ended (${trouble ?? "refused"}): \`mailq login ${relay}\` makes a new one`;
}

/** Runs under the lock. */
async function renew(
  client: OAuthClient,
  path: string,
  earlier: Tokens,
  now: number,
): Promise<string> {
  const { relay } = client;
  if (earlier.refreshToken === null) {
    throw new LoginTrouble(overText(relay, "the provider gave no refresh token"));
  }
  using place = TokenPlace.make(path, path);
  const grant = { grant_type: "refresh_token", refresh_token: earlier.refreshToken };
  let tokens: Tokens;
  try {
    // What is asked for is waited for: the answer may hold the only refresh token that is still good.
    const signal = new AbortController().signal;
    tokens = await requestTokens(client, grant, { earlier, now, signal });
  } catch (error) {
    const trouble = errorText(error);
    const isOver = error instanceof ProviderRefusal && error.code === "invalid_grant";
    await place.put({ ...earlier, trouble, isOver }).catch(() => {});
    if (isOver) throw new LoginTrouble(overText(relay, trouble), { cause: error });
    throw error;
  }
  await place.put(tokens);
  return tokens.accessToken;
}
