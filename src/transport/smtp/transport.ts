import { errorText, MailqError } from "../../queue/errors.ts";
import type {
  DeliverOptions,
  Delivery,
  DeliveryReport,
  Relay,
  Transport,
} from "../../queue/ports.ts";
import { isUnicode } from "../envelope.ts";
import { Tally, withoutReply } from "../tally.ts";
import type { Channel } from "./channel.ts";
import { STEP } from "./classify.ts";
import { ConnectionBroken } from "./connection.ts";
import { RelayingTrial } from "./relaying.ts";
import type { Protocol, Session } from "./session.ts";
import { Secret, type SecretSource } from "./secret.ts";
import { type Endpoint, type RelayTls, SessionOpener } from "./session_opener.ts";
import { DEFAULT_TIMEOUTS, systemTimers, type Timeouts, type Timers } from "./timers.ts";
import { Transaction, type TransactionEnd } from "./transaction.ts";
import { Transcript } from "./transcript.ts";

export interface SmtpRelayOptions extends SessionOptions {
  readonly host: string;
  readonly port: number;
}

export interface LmtpRelayOptions extends SessionOptions {
  readonly endpoint: Endpoint;
}

/** What SMTP and LMTP have in common. */
interface SessionOptions {
  readonly name: string;
  /** Our name for EHLO: a host name or an address literal in brackets. */
  readonly heloName: string;
  /** Null or absent = in clear. */
  readonly tls?: RelayTls | null;
  readonly login?: RelayLogin | null;
  /** Recipients of one transaction at most. */
  readonly recipientLimit?: number | null;
  readonly timeouts?: Partial<Timeouts>;
  readonly timers?: Timers;
}

/** A relay's login. */
export interface RelayLogin {
  readonly user: string;
  readonly secret: SecretSource;
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
    ? { ...options.login, ...endpoint, secret: new Secret(options.login.secret) }
    : null;
  const opener = { protocol, endpoint, shownHost, heloName, tls, login, timeouts, timers };
  const settings: Settings = {
    timeouts,
    timers,
    shownHost,
    recipientLimit: recipientLimit ?? Infinity,
    trial: new RelayingTrial(),
    opener: new SessionOpener(opener),
  };
  return { name, open: () => new SmtpTransport(settings) };
}

function showEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === "unix") return endpoint.path;
  const { host, port } = endpoint;
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** What the connections of one relay share. */
interface Settings {
  readonly timeouts: Timeouts;
  readonly timers: Timers;
  readonly shownHost: string;
  readonly recipientLimit: number;
  readonly trial: RelayingTrial;
  readonly opener: SessionOpener;
}

/** Keeps its connection from one message to the next, and makes a new one when it must. */
class SmtpTransport implements Transport {
  readonly #settings: Settings;
  readonly #transcript = new Transcript();
  #session: Session | null = null;
  /** The TLS of the session last used by the hand-over. */
  #tls: string | null = null;
  /** The channel under way, and whether the signal may still end it. */
  #channel: Channel | null = null;
  #mayStop = false;
  #signal: AbortSignal | null = null;
  readonly #onAbort = () => {
    if (this.#mayStop) this.#channel?.abort(stopped());
  };
  #running: Promise<unknown> = Promise.resolve();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  deliver(delivery: Delivery, options: DeliverOptions): Promise<DeliveryReport> {
    const report = this.#deliver(delivery, options);
    this.#running = report;
    return report;
  }

  async #deliver(delivery: Delivery, options: DeliverOptions): Promise<DeliveryReport> {
    const { timers, shownHost, trial } = this.#settings;
    const tally = new Tally(delivery);
    this.#transcript.restart(timers.now());
    this.#tls = null;
    this.#obey(options.signal);
    let canReconnect = true;
    let hasBegun = false;
    const onContent = () => {
      if (options.signal.aborted) throw stopped();
      this.#mayStop = false;
      if (!hasBegun) options.onDataBegin();
      hasBegun = true;
    };
    while (!tally.isComplete) {
      this.#mayStop = true;
      const openBefore = tally.openCount;
      const end = await this.#attempt(tally, options.signal, onContent);
      if (end.next === "new_transaction") continue;
      // Recipients over the limit wait for a transaction of their own.
      const isForward = tally.openCount < openBefore;
      if (end.next === "continue" && isForward) continue;
      if (end.next === "continue") break;
      this.#drop();
      if (end.next === "reconnect" && canReconnect) canReconnect = false;
      else if (end.outcome !== null) tally.settleOpen({ ...end.outcome, kind: "deferred" });
      else if (!isForward) break;
    }
    this.#mayStop = false;
    const report = tally.report(shownHost, this.#tls, () => this.#transcript.format());
    return { ...report, outcomes: trial.judge(delivery.id, report.outcomes) };
  }

  /** One transaction, on the connection there is or on a new one. */
  async #attempt(
    tally: Tally,
    signal: AbortSignal,
    onContent: () => void,
  ): Promise<TransactionEnd> {
    if (signal.aborted) {
      return { next: "close", outcome: withoutReply("deferred", "Stopped before sending") };
    }
    // What the server said after our last reply is a goodbye.
    if (this.#session?.channel.hasUnasked) this.#drop();
    const session = this.#session ?? await this.#connect(tally, signal);
    if ("next" in session) return session;
    this.#session = session;
    this.#tls = session.tls;
    if (!session.takesUnicode) failUnicode(tally);
    if (session.maxSizeBytes !== null) failOversize(tally, session.maxSizeBytes);
    const indices = tally.open().slice(0, this.#settings.recipientLimit);
    if (indices.length === 0) return { next: "continue", outcome: null };
    const { timeouts } = this.#settings;
    const transaction = new Transaction(session, {
      delivery: tally.delivery,
      indices,
      tally,
      timeouts,
      onContent,
    });
    try {
      return await transaction.run();
    } catch (error) {
      // Neither relay nor network: the message could not be read, or the start not be noted.
      const kind = transaction.phase === "dot" ? "uncertain" : "deferred";
      const text = `${STEP[transaction.phase]}: ${errorText(error)}`;
      tally.noteError(text);
      tally.noteThrown(error);
      tally.settleOpen({ ...withoutReply(kind, text), phase: transaction.phase });
      return { next: "close", outcome: null };
    }
  }

  /** A session on a new connection, or what its failure means. */
  async #connect(tally: Tally, signal: AbortSignal): Promise<Session | TransactionEnd> {
    const onChannel = (channel: Channel) => {
      this.#channel = channel;
    };
    const transcript = this.#transcript;
    const result = await this.#settings.opener.open({ transcript, signal, onChannel });
    if ("error" in result) tally.noteError(result.error);
    return result;
  }

  /** Listens to `signal`; to the one of the message before no more. */
  #obey(signal: AbortSignal | null): void {
    if (signal === this.#signal) return;
    this.#signal?.removeEventListener("abort", this.#onAbort);
    signal?.addEventListener("abort", this.#onAbort);
    this.#signal = signal;
  }

  #drop(): void {
    this.#channel?.close();
    this.#channel = null;
    this.#session = null;
  }

  async close(): Promise<void> {
    await this.#running;
    this.#obey(null);
    const session = this.#session;
    this.#session = null;
    if (session !== null) await session.quit(this.#settings.timeouts.quitMs);
    this.#drop();
  }
}

function stopped(): ConnectionBroken {
  return new ConnectionBroken("stopped", "stopped before the content was sent");
}

/** A message over the server's limit would be refused once all of it had been sent (RFC 1870). */
function failOversize(tally: Tally, maxSizeBytes: number): void {
  const { sizeBytes } = tally.delivery;
  if (sizeBytes <= maxSizeBytes) return;
  const text = `The message has ${sizeBytes} bytes and the relay takes ${maxSizeBytes} at most`;
  tally.noteError(text);
  tally.settleOpen({ ...withoutReply("failed", text), enhanced: "5.3.4", phase: "mail" });
}

/** An address outside ASCII may only go to a server that knows SMTPUTF8 (RFC 6531 3.2). */
function failUnicode(tally: Tally): void {
  const { sender, recipients } = tally.delivery;
  const isSenderUnicode = isUnicode(sender);
  for (let index = 0; index < recipients.length; index++) {
    const address = isSenderUnicode ? sender : recipients[index] ?? "";
    if (!isSenderUnicode && !isUnicode(address)) continue;
    const text = `The relay does not know SMTPUTF8, which the address <${address}> needs`;
    tally.noteError(text);
    const phase = isSenderUnicode ? "mail" : "rcpt";
    tally.settle(index, { ...withoutReply("failed", text), enhanced: "5.6.7", phase });
  }
}
