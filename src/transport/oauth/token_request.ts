// Asks a provider's token endpoint (RFC 6749): for the tokens of a code, or new ones for a refresh token.
// Nothing of a secret is in what it throws.

import { errorText } from "../../queue/errors.ts";
import { trustSystemAuthorities } from "../../system/authorities.ts";
import type { OAuthClient } from "./provider.ts";
import type { Tokens } from "./token_file.ts";

const LIMIT_MS = 20_000;
/** What is told of an answer that nobody expects. */
const SHOWN_CHARS = 200;
/** Where a provider does not say how long a token lasts. */
const DEFAULT_LIFE_S = 3_600;

/** What a provider answers with in place of tokens (RFC 6749 5.2, RFC 8628 3.5). */
export class ProviderRefusal extends Error {
  override readonly name = "ProviderRefusal";
  constructor(readonly code: string, text: string) {
    super(text);
  }
}

/** The fields of an answer. Throws `ProviderRefusal`, or an `Error` where nobody, or somebody else,
 *  answers. */
export async function askProvider(
  url: string,
  fields: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  trustSystemAuthorities();
  const host = new URL(url).host;
  let status: number;
  let text: string;
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { accept: "application/json" },
      body: new URLSearchParams(fields),
      // A secret goes to nobody else.
      redirect: "error",
      signal: AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]),
    });
    status = response.status;
    text = await response.text();
  } catch (error) {
    throw new Error(`cannot ask ${host}: ${hide(errorText(error), fields)}`);
  }
  const found = fieldsOf(text);
  const code = found?.error;
  if (typeof code === "string") {
    const more = typeof found?.error_description === "string" ? `: ${found.error_description}` : "";
    throw new ProviderRefusal(code, hide(`${host} refuses: ${code}${more}`, fields));
  }
  if (status < 200 || status > 299 || found === null) {
    const shown = hide(text.slice(0, SHOWN_CHARS).replace(/\s+/g, " "), fields);
    throw new Error(`${host} answers ${status} ${shown}`.trim());
  }
  return found;
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}

/** A text without the secrets that were sent, should the provider say them again. */
function hide(text: string, fields: Readonly<Record<string, string>>): string {
  return ["refresh_token", "code", "code_verifier", "client_secret", "device_code"]
    .map((name) => fields[name] ?? "").filter((secret) => secret.length > 3)
    .reduce((hidden, secret) => hidden.replaceAll(secret, "***"), text);
}

/** Tokens for a grant, such as a code. What is missing of the answer is as in `earlier`. Throws as
 *  `askProvider` does. */
export async function requestTokens(
  client: OAuthClient,
  grant: Readonly<Record<string, string>>,
  { earlier, now, signal }: {
    readonly earlier: Tokens | null;
    readonly now: number;
    readonly signal: AbortSignal;
  },
): Promise<Tokens> {
  const fields: Record<string, string> = { client_id: client.clientId, ...grant };
  if (client.clientSecretFile !== null) {
    fields.client_secret = await readSecret(client.clientSecretFile);
  }
  const found = await askProvider(client.tokenUrl, fields, signal);
  const { access_token, refresh_token, expires_in, refresh_token_expires_in } = found;
  if (typeof access_token !== "string" || access_token === "") {
    throw new Error(`${new URL(client.tokenUrl).host} gives no access token`);
  }
  const refreshToken = typeof refresh_token === "string" && refresh_token !== ""
    ? refresh_token
    : earlier?.refreshToken ?? null;
  const lifeMs = (Number(expires_in) > 0 ? Number(expires_in) : DEFAULT_LIFE_S) * 1_000;
  // Of the same refresh token what was said once stays true.
  const isSame = earlier !== null && refreshToken === earlier.refreshToken;
  const given = Number(refresh_token_expires_in) > 0
    ? now + Number(refresh_token_expires_in) * 1_000
    : isSame
    ? earlier.endsAt
    : null;
  return {
    accessToken: access_token,
    accessEndsAt: now + lifeMs,
    refreshToken,
    endsAt: refreshToken === null ? now + lifeMs : given,
    renewedAt: now,
    trouble: null,
    isOver: false,
  };
}

async function readSecret(path: string): Promise<string> {
  try {
    const [line = ""] = (await Deno.readTextFile(path)).split(/\r?\n/, 1);
    if (line !== "") return line;
  } catch (error) {
    throw new Error(`cannot read oauth.client_secret_file "${path}": ${errorText(error)}`);
  }
  throw new Error(`oauth.client_secret_file "${path}" is empty`);
}
