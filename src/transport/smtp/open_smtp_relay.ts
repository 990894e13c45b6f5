// Makes SMTP and LMTP relays of the settings: which TLS, which login, and what cannot go together.
// `open_relay.ts` loads it when a relay of this kind is wanted; the relay itself is in `relay.ts`.

import { errorText, MailqError } from "../../queue/errors.ts";
import type { Relay } from "../../queue/ports/transport.ts";
import {
  isLoopback,
  type RelayRequest,
  type RelayTarget,
  type TlsSettings,
} from "../../queue/relay_target.ts";
import { clientOf } from "../oauth/provider.ts";
import type { RelayContext } from "../relay_context.ts";
import type { RelayTls } from "./session/session_opener.ts";
import { trustSystemAuthorities } from "../../system/authorities.ts";
import { lmtpRelay, type RelayLogin, smtpRelay } from "./relay.ts";

/** Makes an SMTP relay of its settings. Throws `config_invalid` where they contradict each other
 *  or name a file that cannot be used. */
export async function openSmtpRelay(
  request: RelayRequest,
  target: Extract<RelayTarget, { kind: "smtp" }>,
  context: RelayContext,
): Promise<Relay> {
  const { name, recipientLimit, user } = request;
  const { host, port, isImplicitTls } = target;
  const { heloName, onSaid } = context;
  const tls = await relayTls(request.tls, {
    name,
    host,
    isImplicit: isImplicitTls,
    hasLogin: user !== null,
  });
  const login = relayLogin(request, host, context);
  const memory = context.memory ?? null;
  return smtpRelay({ name, host, port, heloName, tls, login, memory, recipientLimit, onSaid });
}

/** Makes an LMTP relay of its settings. Throws as `openSmtpRelay` does. */
export async function openLmtpRelay(
  request: RelayRequest,
  target: Extract<RelayTarget, { kind: "lmtp" | "lmtp_socket" }>,
  context: RelayContext,
): Promise<Relay> {
  const { name, recipientLimit } = request;
  const { heloName, onSaid } = context;
  if (request.user !== null || request.password !== null || request.auth !== null) {
    throw new MailqError(
      "config_invalid",
      `Cannot log in to the relay "${name}": LMTP has no login; expected no user, password and auth`,
    );
  }
  if (target.kind === "lmtp_socket") {
    if (request.tls.mode === "required") {
      throw new MailqError(
        "config_invalid",
        `Cannot use TLS over a socket for the relay "${name}": expected tls.mode off`,
      );
    }
    const endpoint = { kind: "unix", path: target.path } as const;
    return lmtpRelay({ name, endpoint, heloName, recipientLimit, onSaid });
  }
  const { host, port } = target;
  const tls = await relayTls(request.tls, { name, host, isImplicit: false, hasLogin: false });
  const endpoint = { kind: "tcp", host, port } as const;
  const memory = context.memory ?? null;
  return lmtpRelay({ name, endpoint, heloName, tls, memory, recipientLimit, onSaid });
}

function relayLogin(
  { name, user, password, auth, tls }: RelayRequest,
  host: string,
  { credentialsFolder, loginFile }: RelayContext,
): RelayLogin | null {
  if (user === null) {
    if (password === null && auth === null) return null;
    throw new MailqError(
      "config_invalid",
      `Cannot log in to the relay "${name}" without a user: expected relay.${name}.user`,
    );
  }
  const names = [`mailq-password-${name}`, "mailq-password"];
  const paths = credentialsFolder ? names.map((each) => `${credentialsFolder}/${each}`) : [];
  const mayGoInClear = isLoopback(host) || (tls.mode === "off" && tls.isModeWritten);
  const secret = password?.kind === "oauth"
    ? { kind: "tokens", client: clientOf(name, password.settings), file: loginFile ?? "" } as const
    : password ?? { kind: "credentials", paths } as const;
  return { user, secret, auth, mayGoInClear };
}

async function relayTls(
  settings: TlsSettings,
  { name, host, isImplicit, hasLogin }: {
    readonly name: string;
    readonly host: string;
    readonly isImplicit: boolean;
    readonly hasLogin: boolean;
  },
): Promise<RelayTls | null> {
  const { mode, fingerprint } = settings;
  if (mode === "off") {
    if (!isImplicit && fingerprint === null) return null;
    if (!isImplicit) {
      throw new MailqError(
        "config_invalid",
        `Cannot look for a certificate without TLS: for the relay "${name}" tls.mode is off; ` +
          "expected required, or no tls.fingerprint",
      );
    }
    throw new MailqError(
      "config_invalid",
      `Cannot use smtps: without TLS: for the relay "${name}" tls.mode is off; ` +
        "expected required, or smtp: in its URL",
    );
  }
  trustSystemAuthorities();
  return {
    mode: effectiveMode(mode, { hasLogin, host }),
    isImplicit,
    ca: settings.ca === null ? null : await readAuthorities(name, settings.ca),
    fingerprint,
  };
}

/** A login over TLS that anybody may end is as good as one in clear: over a network it makes TLS a
 *  must. */
export function effectiveMode(
  mode: "required" | "opportunistic",
  { hasLogin, host }: { readonly hasLogin: boolean; readonly host: string },
): "required" | "opportunistic" {
  return hasLogin && !isLoopback(host) ? "required" : mode;
}

async function readAuthorities(name: string, path: string): Promise<string> {
  let pem: string;
  try {
    pem = await Deno.readTextFile(path);
  } catch (error) {
    throw new MailqError(
      "config_invalid",
      `Cannot read tls.ca of the relay "${name}": ${errorText(error)}`,
      { cause: error },
    );
  }
  if (/-----BEGIN CERTIFICATE-----/.test(pem)) return pem;
  throw new MailqError(
    "config_invalid",
    `Cannot use "${path}" as tls.ca of the relay "${name}": expected certificates as PEM`,
  );
}
