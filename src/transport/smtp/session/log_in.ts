// Logs in on a session (RFC 4954): tries the mechanisms that the server offers, the best first, and
// goes through the exchange of each. `open_session.ts` calls it after EHLO; what a mechanism says is
// in `mechanisms.ts`, what the relay's other connections found out in `login_turns.ts`.

import { errorText } from "../../../queue/errors.ts";
import type { AuthKind } from "../../../queue/relay_target.ts";
import type { Channel } from "../connection/channel.ts";
import { classify } from "../mail/classify.ts";
import { ConnectionBroken } from "../connection/broken.ts";
import type { LoginTurns } from "./login_turns.ts";
import { beginExchange, type Exchange, MECHANISMS, mechanismsFor } from "./mechanisms.ts";
import type { SmtpReply } from "../mail/replies.ts";
import { base64Bytes, base64Text } from "../../../system/bytes.ts";
import type { Secret } from "./secrets.ts";
import { type Extensions, Refusal } from "./session.ts";

/** A relay's login. */
export interface SessionLogin {
  readonly user: string;
  readonly secret: Secret;
  readonly host: string;
  readonly port: number;
  /** What the secret is; null = found out by trying. */
  readonly auth: AuthKind | null;
  readonly turns: LoginTurns;
  /** Whether it may go out without TLS. */
  readonly mayGoInClear: boolean;
}

/** A longer line than RFC 5321 allows: the response then waits for the server's go-ahead
 *  (RFC 4954 section 4). */
const MAX_COMMAND_LENGTH = 510;
/** No mechanism takes more steps. */
const MAX_CHALLENGES = 8;

/** The server left once it had refused a mechanism, and there are others to try on a new
 *  connection. */
export class LoginCutShort extends ConnectionBroken {
  constructor(cause: Refusal) {
    super("login", `the server left after ${cause.message}`, { cause });
  }
}

/** Logs in (RFC 4954). A mechanism that is refused is followed by the next one, each tried once:
 *  some servers offer what they cannot do, and nobody sees a secret whether it is a password or a
 *  token. Throws `Refusal`, which asks for a new connection if the refused secret has since been
 *  replaced, `LoginCutShort` or `ConnectionBroken`. What is said is in no transcript. */
export async function logIn(
  channel: Channel,
  login: SessionLogin,
  { extensions, isSecure, limitMs }: {
    readonly extensions: Extensions;
    /** Whether TLS is in use. */
    readonly isSecure: boolean;
    /** For each reply. */
    readonly limitMs: number;
  },
): Promise<void> {
  if (!isSecure && !login.mayGoInClear) {
    throw fault("the login is not sent in clear: set tls.mode to required, or write off if it may");
  }
  const offered = extensions.get("AUTH");
  if (offered === undefined) {
    throw fault(
      isSecure
        ? "the server offers no login here: remove user and password, or see to its port"
        : "the server offers no login here: TLS is not in use (on this machine it is off unless " +
          "set), so set tls.mode to required if it offers one under TLS; else remove user and " +
          "password, or see to its port",
    );
  }
  const { user, host, port, auth } = login;
  const secret = await login.secret.get();
  const mechanisms = mechanismsFor({ offered, secret, auth });
  if (mechanisms.length === 0) throw fault(noMechanism(offered, auth));
  channel.conceal([secret, base64Text(new TextEncoder().encode(secret))]);
  await login.turns.take(secret, async (proven, refused) => {
    // What has worked is not tried by other ways: then the secret is no longer right.
    const isProven = proven !== null && mechanisms.includes(proven);
    const left = mechanisms.filter((mechanism) => !refused.has(mechanism));
    let first: Refusal | null = null;
    for (const mechanism of isProven ? [proven] : left.length > 0 ? left : mechanisms) {
      const exchange = beginExchange(mechanism, { user, secret, host, port });
      const reply = await converse(channel, exchange, limitMs).catch((error) => {
        throw first !== null && isLost(error) ? new LoginCutShort(first) : error;
      });
      if (reply.code === 235) {
        await provenBy(() => exchange.finish?.(reply.text));
        return mechanism;
      }
      if (first !== null && reply.code === 421) throw new LoginCutShort(first);
      const isSecretRefused = reply.code === 535 || reply.enhanced === "5.7.8";
      const verdict = classify("auth", reply, { isUsed: false, isFull: false });
      // A command that prints a token is asked once more, not at every mechanism.
      const isRenewed = isSecretRefused && refused.size === 0 && await login.secret.renew(secret);
      const refusal = new Refusal("auth", reply, {
        ...verdict,
        next: isRenewed ? "reconnect" : verdict.next,
      });
      refused.add(mechanism);
      if (isRenewed || !leadsToNext(reply)) throw refusal;
      // What is said of the secret tells more than what is said of a mechanism.
      if (first === null || isSecretRefused && first.reply.code !== 535) first = refusal;
    }
    throw first ?? fault("no login was tried");
  });
}

function noMechanism(offered: string, auth: AuthKind | null): string {
  const shown = JSON.stringify(offered);
  if (auth !== null) return `the server offers ${shown}, and auth is set to ${auth}`;
  return `the server offers no login we know: ${shown}, not ${MECHANISMS.join(", ")}`;
}

/** Whether another mechanism may fare better. Not where the account is at fault: more tries would
 *  make that worse. Nor where the refusal is for a time. */
function leadsToNext({ code, enhanced, text }: SmtpReply): boolean {
  if (code < 500) return false;
  if (/basic auth/i.test(text)) return true;
  if (/too many|locked|disabled|suspended|blocked|starttls/i.test(text)) return false;
  return [500, 501, 502, 504, 534, 535, 538].includes(code) ||
    /^5\.(5\.4|7\.([489]|11|30))$/.test(enhanced ?? "");
}

function isLost(error: unknown): boolean {
  return error instanceof ConnectionBroken && error.kind === "lost";
}

/** The exchange up to the reply that ends it. */
async function converse(
  channel: Channel,
  exchange: Exchange,
  limitMs: number,
): Promise<SmtpReply> {
  const command = `AUTH ${exchange.mechanism}`;
  let pending = exchange.first;
  const first = pending === null ? "" : ` ${encode(channel, pending) || "="}`;
  if (command.length + first.length > MAX_COMMAND_LENGTH) {
    channel.sendCommands(`${command}\r\n`);
  } else {
    const shown = `${command}${first === "" ? "" : " ***"}\r\n`;
    channel.sendCommands(`${command}${first}\r\n`, { shown });
    pending = null;
  }
  for (let count = 0;; count++) {
    const reply = await channel.reply(limitMs);
    if (reply.code !== 334) return reply;
    if (count === MAX_CHALLENGES) throw fault("the server asks without end");
    const answer = pending ?? await provenBy(() => exchange.respond(decode(reply.text)));
    pending = null;
    channel.sendCommands(`${encode(channel, answer)}\r\n`, { shown: "***\r\n" });
  }
}

function encode(channel: Channel, message: Uint8Array): string {
  const text = base64Text(message);
  channel.conceal([text]);
  return text;
}

function decode(text: string): Uint8Array {
  // LOGIN's prompts are for show; what others need they look for themselves.
  return base64Bytes(text) ?? new TextEncoder().encode(text);
}

/** What `step` returns; what it throws is the server's fault. */
async function provenBy<T>(step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw fault(errorText(error));
  }
}

function fault(text: string): ConnectionBroken {
  return new ConnectionBroken("login", text);
}
