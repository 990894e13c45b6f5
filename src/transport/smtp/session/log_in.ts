// Logs in on a session (RFC 4954): picks a mechanism and goes through its exchange.
// `open_session.ts` calls it after EHLO; what a mechanism says is in `mechanisms.ts`.

import { errorText } from "../../../queue/errors.ts";
import type { Channel } from "../connection/channel.ts";
import { classify } from "../mail/classify.ts";
import { ConnectionBroken } from "../connection/broken.ts";
import { beginExchange, chooseMechanism, type Exchange, MECHANISMS } from "./mechanisms.ts";
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
  /** Whether it may go out without TLS. */
  readonly mayGoInClear: boolean;
}

/** A longer line than RFC 5321 allows: the response then waits for the server's go-ahead
 *  (RFC 4954 section 4). */
const MAX_COMMAND_LENGTH = 510;
/** No mechanism takes more steps. */
const MAX_CHALLENGES = 8;

/** Logs in (RFC 4954). Throws `Refusal`, which asks for a new connection if the refused secret has
 *  since been replaced, or `ConnectionBroken`. What is said is in no transcript. */
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
    throw fault("the server offers no login here: remove user and password, or see to its port");
  }
  const { user, host, port } = login;
  const secret = await login.secret.get();
  const mechanism = chooseMechanism({ offered, secret });
  if (mechanism === null) {
    throw fault(
      `the server offers no login we know: ${JSON.stringify(offered)}, not ${
        MECHANISMS.join(", ")
      }`,
    );
  }
  channel.conceal([secret, base64Text(new TextEncoder().encode(secret))]);
  const exchange = beginExchange(mechanism, { user, secret, host, port });
  const reply = await converse(channel, exchange, limitMs);
  if (reply.code === 235) return proven(() => exchange.finish?.(reply.text));
  const verdict = classify("auth", reply, { isUsed: false, isFull: false });
  const isRefused = reply.code === 535 || reply.enhanced === "5.7.8";
  const next = isRefused && await login.secret.renew(secret) ? "reconnect" : verdict.next;
  throw new Refusal("auth", reply, { ...verdict, next });
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
    const answer = pending ?? await proven(() => exchange.respond(decode(reply.text)));
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
async function proven<T>(step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw fault(errorText(error));
  }
}

function fault(text: string): ConnectionBroken {
  return new ConnectionBroken("login", text);
}
