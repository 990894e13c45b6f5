// From a connection to a session: greeting, EHLO, STARTTLS and EHLO again, AUTH.
// `session_opener.ts` calls it on a new connection; a step that fails is thrown, and what that
// means is left to it.

import type { Channel } from "../connection/channel.ts";
import type { Phase } from "../../../queue/outcome.ts";
import { classify } from "../mail/classify.ts";
import { ConnectionBroken } from "../connection/broken.ts";
import { helloName } from "./hello_name.ts";
import { logIn, type SessionLogin } from "./log_in.ts";
import type { SmtpReply } from "../mail/replies.ts";
import { type Extensions, type Protocol, readExtensions, Refusal, Session } from "./session.ts";
import type { Timeouts } from "../connection/timers.ts";
import { type TlsFacts, tlsLabel, type TlsRequest } from "../connection/tls.ts";

/** How a session is to be opened. */
interface SessionRequest {
  readonly protocol: Protocol;
  readonly heloName: string;
  readonly timeouts: Timeouts;
  /** Null = in clear. */
  readonly tls: SessionTls | null;
  readonly login: SessionLogin | null;
}

export interface SessionTls {
  readonly request: TlsRequest;
  /** From the first byte, without STARTTLS. */
  readonly isImplicit: boolean;
  /** Whether a server that offers none, or refuses, is left. */
  readonly isRequired: boolean;
}

/** Waits for the greeting, introduces us, begins TLS (RFC 3207), logs in. Throws `Refusal` or
 *  `ConnectionBroken`; the caller then closes the channel. `onPhase` learns how far it got. */
export async function openSession(
  channel: Channel,
  request: SessionRequest,
  onPhase: (phase: Phase) => void,
): Promise<Session> {
  const { timeouts, tls } = request;
  let facts: TlsFacts | null = null;
  if (tls?.isImplicit) {
    onPhase("tls");
    facts = await channel.secure(tls.request, timeouts.tlsMs);
  }
  onPhase("greeting");
  const greeting = await channel.reply(timeouts.greetingMs);
  refuseUnlessPositive("greeting", greeting);
  onPhase("hello");
  let extensions = await sayHello(channel, request);
  if (tls !== null && facts === null) {
    onPhase("tls");
    facts = await startTls(channel, extensions, tls, timeouts);
    onPhase("hello");
    // What was offered in clear counts no more: anybody may have written it.
    if (facts !== null) extensions = await sayHello(channel, request);
  }
  if (request.login !== null) {
    onPhase("auth");
    await logIn(channel, request.login, {
      extensions,
      isSecure: facts !== null,
      limitMs: timeouts.helloMs,
    });
  }
  const { protocol } = request;
  return new Session(channel, {
    extensions,
    tls: facts === null ? null : tlsLabel(facts),
    protocol,
    greeting: greeting.text,
    certificate: facts?.certificate ?? null,
  });
}

async function sayHello(channel: Channel, request: SessionRequest): Promise<Extensions> {
  const { protocol, timeouts } = request;
  const heloName = helloName(request.heloName, channel.wire.localAddress);
  channel.sendCommands(`${protocol === "lmtp" ? "LHLO" : "EHLO"} ${heloName}\r\n`);
  let hello = await channel.reply(timeouts.helloMs);
  const knowsEhlo = protocol === "lmtp" || hello.code < 500;
  if (!knowsEhlo) {
    channel.sendCommands(`HELO ${heloName}\r\n`);
    hello = await channel.reply(timeouts.helloMs);
  }
  refuseUnlessPositive("hello", hello);
  return knowsEhlo ? readExtensions(hello) : new Map();
}

/** Begins TLS, or returns null where the server has none and it is no must. */
async function startTls(
  channel: Channel,
  extensions: Extensions,
  tls: SessionTls,
  timeouts: Timeouts,
): Promise<TlsFacts | null> {
  if (!extensions.has("STARTTLS")) {
    if (!tls.isRequired) return null;
    throw new ConnectionBroken(
      "tls",
      "the server offers no TLS here, and it is required: use smtps: with its TLS port, " +
        "or set tls.mode to off if mail may go out in clear",
    );
  }
  channel.sendCommands("STARTTLS\r\n");
  const reply = await channel.reply(timeouts.helloMs);
  if (reply.code !== 220) {
    const isOver = reply.code === 421;
    if (tls.isRequired || isOver) refuse("tls", reply);
    return null;
  }
  return await channel.secure(tls.request, timeouts.tlsMs);
}

function refuseUnlessPositive(phase: Phase, reply: SmtpReply): void {
  if (reply.code < 200 || reply.code > 299) refuse(phase, reply);
}

function refuse(phase: Phase, reply: SmtpReply): never {
  const verdict = classify(phase, reply, { isUsed: false, isFull: false });
  throw new Refusal(phase, reply, verdict);
}
