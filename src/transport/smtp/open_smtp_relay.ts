import { errorText, MailqError } from "../../queue/errors.ts";
import type { Relay } from "../../queue/ports.ts";
import { isLoopback, type RelayTarget, type TlsSettings } from "../../queue/relay_target.ts";
import type { RelayContext, RelayRequest } from "../open_relay.ts";
import type { RelayTls } from "./session_opener.ts";
import { type RelayLogin, smtpRelay } from "./transport.ts";

/** Makes an SMTP relay of its settings. Throws `config_invalid` where they contradict each other
 *  or name a file that cannot be used. */
export async function openSmtpRelay(
  request: RelayRequest,
  target: Extract<RelayTarget, { kind: "smtp" }>,
  context: RelayContext,
): Promise<Relay> {
  const { name, user } = request;
  const { host, port, isImplicitTls } = target;
  const { heloName } = context;
  const tls = await relayTls(name, host, isImplicitTls, user !== null, request.tls);
  return smtpRelay({ name, host, port, heloName, tls, login: relayLogin(request, host, context) });
}

function relayLogin(
  { name, user, password, tls }: RelayRequest,
  host: string,
  { credentialsFolder }: RelayContext,
): RelayLogin | null {
  if (user === null) {
    if (password === null) return null;
    throw new MailqError(
      "config_invalid",
      `Cannot log in to the relay "${name}" with a password alone: expected relay.${name}.user`,
    );
  }
  const names = [`mailq-password-${name}`, "mailq-password"];
  const paths = credentialsFolder ? names.map((each) => `${credentialsFolder}/${each}`) : [];
  const mayGoInClear = isLoopback(host) || (tls.mode === "off" && tls.isModeWritten);
  return { user, secret: password ?? { kind: "credentials", paths }, mayGoInClear };
}

async function relayTls(
  name: string,
  host: string,
  isImplicit: boolean,
  hasLogin: boolean,
  settings: TlsSettings,
): Promise<RelayTls | null> {
  const { mode, fingerprint } = settings;
  if (mode === "off") {
    if (!isImplicit) return null;
    throw new MailqError(
      "config_invalid",
      `Cannot use smtps: without TLS: for the relay "${name}" tls.mode is off; ` +
        "expected required, or smtp: in its URL",
    );
  }
  return {
    // A login over TLS that anybody may end is as good as one in clear.
    mode: hasLogin && !isLoopback(host) ? "required" : mode,
    isImplicit,
    ca: settings.ca === null ? null : await readAuthorities(name, settings.ca),
    fingerprint,
  };
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
