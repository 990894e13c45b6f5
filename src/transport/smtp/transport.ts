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
import { failOversize, failUnicode } from "./fit.ts";
import type { Channel } from "./channel.ts";
import { STEP } from "./classify.ts";
import { ConnectionBroken } from "./connection.ts";
import { RelayingTrial } from "./relaying.ts";
import type { Protocol, Session } from "./session.ts";
import { Secret, type SecretSource } from "./secret.ts";
import { type Endpoint, type RelayTls, SessionOpener } from "./session_opener.ts";
import { DEFAULT_TIMEOUTS, systemTimers, type Timeouts, type Timers } from "./timers.ts";
import { AHEAD_BYTES, Transaction, type TransactionEnd } from "./transaction.ts";
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
    mayGoAhead: { isAllowed: protocol === "smtp" },
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
  /** Whether the next message's commands may go out behind a message's content. */
  readonly mayGoAhead: { isAllowed: boolean };
  readonly opener: SessionOpener;
}

/** A message to more recipients is not begun before the one before it is answered. */
const AHEAD_RECIPIENTS = 20;

/** A message to be handed over. */
interface Job {
  readonly tally: Tally;
  readonly options: DeliverOptions;
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
  /** What is to be done before content goes out. */
  #onContent = () => {};
  #signal: AbortSignal | null = null;
  readonly #onAbort = () => {
    if (this.#mayStop) this.#channel?.abort(stopped());
  };
  #running: Promise<unknown> = Promise.resolve();
  #underWay = 0;
  /** The messages that wait for the one under way. */
  readonly #waiting: Job[] = [];
  /** The transaction whose commands went out behind the content of the message before. */
  #ahead: Transaction | null = null;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  get takesAhead(): boolean {
    return this.#settings.mayGoAhead.isAllowed;
  }

  deliver(delivery: Delivery, options: DeliverOptions): Promise<DeliveryReport> {
    const job = { tally: new Tally(delivery), options };
    const deliver = () => this.#deliver(job);
    const isAlone = this.#underWay++ === 0;
    if (!isAlone) this.#waiting.push(job);
    const report = isAlone ? deliver() : this.#running.then(deliver, deliver);
    this.#running = report;
    return report;
  }

  async #deliver(job: Job): Promise<DeliveryReport> {
    if (this.#waiting[0] === job) this.#waiting.shift();
    try {
      return await this.#handOver(job);
    } finally {
      this.#underWay--;
    }
  }

  async #handOver({ tally, options }: Job): Promise<DeliveryReport> {
    const { timers, shownHost, trial } = this.#settings;
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
    return { ...report, outcomes: trial.judge(tally.delivery.id, report.outcomes) };
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
    const ahead = this.#ahead;
    this.#ahead = null;
    // Other commands than this message's are on their way, or what the server said after our last
    // reply is a goodbye.
    const isInStep = ahead === null
      ? !this.#session?.channel.hasUnasked
      : ahead.work.tally === tally;
    if (!isInStep) this.#drop();
    const session = this.#session ?? await this.#connect(tally, signal);
    if ("next" in session) return session;
    this.#session = session;
    this.#tls = session.tls;
    if (!session.takesUnicode) failUnicode(tally);
    if (session.maxSizeBytes !== null) failOversize(tally, session.maxSizeBytes);
    const indices = tally.open().slice(0, this.#settings.recipientLimit);
    if (indices.length === 0) return { next: "continue", outcome: null };
    const transaction = ahead?.session === session
      ? ahead
      : this.#transaction(session, tally, indices);
    this.#onContent = onContent;
    try {
      const end = await transaction.run();
      if (transaction.isNotBorne) this.#settings.mayGoAhead.isAllowed = false;
      return end;
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

  #transaction(session: Session, tally: Tally, indices: readonly number[]): Transaction {
    return new Transaction(session, {
      delivery: tally.delivery,
      indices,
      tally,
      timeouts: this.#settings.timeouts,
      onContent: () => this.#onContent(),
      ahead: () => this.#commandsAhead(session),
    });
  }

  /** The commands of the next message, where nothing speaks against sending them before this one
   *  is answered. */
  #commandsAhead(session: Session): string {
    const { recipientLimit, mayGoAhead } = this.#settings;
    const [job] = this.#waiting;
    if (job === undefined || !session.canPipeline || session.protocol !== "smtp") return "";
    const { tally, options: { signal } } = job;
    const { sender, recipients, sizeBytes } = tally.delivery;
    const isSimple = recipients.length <= Math.min(recipientLimit, AHEAD_RECIPIENTS) &&
      tally.openCount === recipients.length && !isUnicode(sender) &&
      !recipients.some(isUnicode) && sizeBytes <= (session.maxSizeBytes ?? Infinity);
    if (!isSimple || signal.aborted || !mayGoAhead.isAllowed) return "";
    const transaction = this.#transaction(session, tally, tally.open());
    const commands = transaction.commandsAhead();
    if (commands.length > AHEAD_BYTES) return "";
    this.#ahead = transaction;
    return commands;
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
    // A server that cannot bear it is not asked again.
    if (this.#ahead !== null) this.#settings.mayGoAhead.isAllowed = false;
    this.#ahead = null;
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
