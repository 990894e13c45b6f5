// A relay that speaks SMTP or LMTP. `open_smtp_relay.ts` makes it of the settings, tests of what
// they like. Here is what all its connections share; each connection is an `SmtpTransport`.

// A session step by step, and where each step is:
//
//   connect        connection/connect.ts   its addresses, whichever answers first: race.ts
//   greeting       session/open_session.ts the server speaks first, 220
//   EHLO           session/open_session.ts our name: hello_name.ts; what the server can do: session.ts
//   STARTTLS       session/open_session.ts and connection/tls.ts, node_wire.ts, tcp_wire.ts
//   EHLO again     session/open_session.ts what was said in clear counts no more
//   AUTH           session/log_in.ts       mechanisms.ts, scram.ts, login_turns.ts; the password:
//                                          secrets.ts
//   MAIL, RCPT …   mail/transaction.ts     in one write where the server can (envelope_steps.ts)
//   DATA           mail/transaction.ts     only if a recipient was accepted
//   content, dot   mail/content.ts         in one write, or in pieces: mail/stream_content.ts
//   next message   transport.ts            on the same session; its commands may go out behind the
//                                          dot of the one before (mail/sending_ahead.ts)
//   RSET           mail/transaction.ts     before the next MAIL, where a transaction was left open
//   QUIT           session/session.ts      when the pass is over, or the connection has idled
//
// Any step can fail: a reply or the end of the connection is looked up in mail/classify.ts, and
// session/session_opener.ts (up to AUTH) or transport.ts (from MAIL on) does what it says.

import { MailqError } from "../../queue/errors.ts";
import type { Relay } from "../../queue/ports/transport.ts";
import type { AuthKind } from "../../queue/relay_target.ts";
import type { RelayMemory } from "./connection/connect.ts";
import type { Endpoint } from "./connection/endpoint.ts";
import { SendingAhead } from "./mail/sending_ahead.ts";
import { LoginTurns } from "./session/login_turns.ts";
import { Secret, type SecretSource } from "./session/secrets.ts";
import type { Protocol } from "./session/session.ts";
import { type RelayTls, SessionOpener } from "./session/session_opener.ts";
import { DEFAULT_TIMEOUTS, type Timeouts } from "./connection/timers.ts";
import { type Shared, SmtpTransport } from "./transport.ts";
import { systemTimers, type Timers } from "../../system/time.ts";

export interface SmtpRelayOptions extends SessionOptions {
  readonly host: string;
  readonly port: number;
}

interface LmtpRelayOptions extends SessionOptions {
  readonly endpoint: Endpoint;
}

/** What SMTP and LMTP have in common. */
interface SessionOptions {
  readonly name: string;
  /** Our name for EHLO: a host name or an address literal in brackets. Where it is no full name the
   *  address of our end is said in its place. */
  readonly heloName: string;
  /** Null or absent = in clear. */
  readonly tls?: RelayTls | null;
  readonly login?: RelayLogin | null;
  /** Where it is kept what was found out of the relay; by default nowhere. */
  readonly memory?: RelayMemory | null;
  /** Recipients of one transaction at most. */
  readonly recipientLimit?: number | null;
  readonly timeouts?: Partial<Timeouts>;
  readonly timers?: Timers;
  /** Told each line of every conversation as it is said, without secrets. */
  readonly onSaid?: (line: string) => void;
}

/** A relay's login. */
export interface RelayLogin {
  readonly user: string;
  readonly secret: SecretSource;
  /** What the secret is; null or absent = found out by trying. */
  readonly auth?: AuthKind | null;
  /** Whether it may go out without TLS. */
  readonly mayGoInClear: boolean;
}

/** A relay that speaks SMTP (RFC 5321) over TCP. Throws `config_invalid` for a name that cannot
 *  be said in EHLO. */
export function smtpRelay(options: SmtpRelayOptions): Relay {
  const { host, port } = options;
  return sessionRelay("smtp", { kind: "tcp", host, port }, options);
}

/** A relay that speaks LMTP (RFC 2033), over TCP or a socket in the file system. Throws as
 *  `smtpRelay` does. */
export function lmtpRelay(options: LmtpRelayOptions): Relay {
  return sessionRelay("lmtp", options.endpoint, options);
}

function sessionRelay(protocol: Protocol, endpoint: Endpoint, options: SessionOptions): Relay {
  const { name, heloName, recipientLimit } = options;
  if (!/^[\x21-\x3b\x3d\x3f-\x7e]{1,255}$/.test(heloName)) {
    throw new MailqError(
      "config_invalid",
      `Cannot greet a relay as ${JSON.stringify(heloName)}: ` +
        "expected a host name or an address in brackets",
    );
  }
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  const timers = options.timers ?? systemTimers;
  const shownHost = showEndpoint(endpoint);
  const tls = options.tls ?? null;
  const login = options.login && endpoint.kind === "tcp"
    ? {
      ...options.login,
      ...endpoint,
      auth: options.login.auth ?? null,
      secret: new Secret(options.login.secret),
      turns: new LoginTurns(),
    }
    : null;
  const memory = options.memory ?? null;
  const opener = { protocol, endpoint, shownHost, heloName, tls, login, memory, timeouts, timers };
  const sendingAhead = new SendingAhead();
  // LMTP answers the content once for each recipient.
  if (protocol === "lmtp") sendingAhead.forbid();
  const shared: Shared = {
    timeouts,
    timers,
    shownHost,
    recipientLimit: recipientLimit ?? Infinity,
    sendingAhead,
    opener: new SessionOpener(opener),
    onSaid: options.onSaid ?? null,
  };
  return {
    name,
    open: () => new SmtpTransport(shared),
    async ask(envelope, signal) {
      const { askRelay }: typeof import("./ask.ts") = await import(
        import.meta.resolve("./ask.ts")
      );
      return await askRelay(shared, envelope, signal);
    },
  };
}

function showEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === "unix") return endpoint.path;
  const { host, port } = endpoint;
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
