// One SMTP or LMTP connection as delivery sees it: hands over message after message, in as many
// transactions as each takes, and connects again where that helps. Made by `relay.ts`, where a
// session is told step by step. One transaction is in `mail/transaction.ts`, opening in `session/`.

import { errorText } from "../../queue/errors.ts";
import type {
  DeliverOptions,
  Delivery,
  DeliveryReport,
  Transport,
} from "../../queue/ports/transport.ts";
import { isUnicode } from "../envelope.ts";
import { STOPPED } from "../fault.ts";
import { Outcomes, withoutReply } from "../outcomes.ts";
import { failOversize, failUnicode } from "./mail/fit.ts";
import type { Channel } from "./connection/channel.ts";
import { STEP } from "./mail/classify.ts";
import { ConnectionBroken } from "./connection/broken.ts";
import type { Session } from "./session/session.ts";
import type { SessionOpener } from "./session/session_opener.ts";
import type { Timeouts } from "./connection/timers.ts";
import { AHEAD_BYTES, AHEAD_RECIPIENTS, type SendingAhead } from "./mail/sending_ahead.ts";
import { Transaction, type TransactionEnd } from "./mail/transaction.ts";
import { Transcript } from "./connection/transcript.ts";
import type { Timers } from "../../system/time.ts";

/** What the connections of one relay share. */
export interface Shared {
  readonly timeouts: Timeouts;
  readonly timers: Timers;
  readonly shownHost: string;
  readonly recipientLimit: number;
  /** Whether the next message's commands may go out behind a message's content. */
  readonly sendingAhead: SendingAhead;
  readonly opener: SessionOpener;
  /** Told each line of every conversation as it is said; null = nobody listens. */
  readonly onSaid: ((line: string) => void) | null;
}

/** A message to be handed over. */
interface Job {
  readonly outcomes: Outcomes;
  readonly options: DeliverOptions;
  readonly resolve: (report: DeliveryReport) => void;
  readonly reject: (error: unknown) => void;
}

/** Keeps its connection from one message to the next, and makes a new one when it must. */
export class SmtpTransport implements Transport {
  readonly #settings: Shared;
  readonly #transcript: Transcript;
  #session: Session | null = null;
  /** The TLS of the session last used by the hand-over. */
  #tls: string | null = null;
  #takesDsn = false;
  /** The channel under way, and whether the signal may still end it. */
  #channel: Channel | null = null;
  #mayStop = false;
  /** What is to be done before content goes out. */
  #onContent = () => {};
  /** Recipients of one transaction at most, as the hand-over has found out. */
  #learnedLimit = Infinity;
  #signal: AbortSignal | null = null;
  readonly #onAbort = () => {
    if (this.#mayStop) this.#channel?.abort(stopped());
  };
  #running: Promise<void> = Promise.resolve();
  #isRunning = false;
  /** The messages that wait for the one under way. */
  readonly #waiting: Job[] = [];
  /** The transaction whose commands went out behind the content of the message before. */
  #ahead: Transaction | null = null;

  constructor(settings: Shared) {
    this.#settings = settings;
    this.#transcript = new Transcript(settings.onSaid);
  }

  get takesAhead(): boolean {
    return this.#settings.sendingAhead.isAllowed;
  }

  deliver(delivery: Delivery, options: DeliverOptions): Promise<DeliveryReport> {
    const { promise, resolve, reject } = Promise.withResolvers<DeliveryReport>();
    this.#waiting.push({ outcomes: new Outcomes(delivery), options, resolve, reject });
    if (!this.#isRunning) this.#running = this.#run();
    return promise;
  }

  /** Hands over the messages that wait, one after another. A report is given out only when the next
   *  message is on its way, so that what is done with the report does not delay it. */
  async #run(): Promise<void> {
    this.#isRunning = true;
    let giveReport = () => {};
    for (let job = this.#waiting.shift(); job !== undefined; job = this.#waiting.shift()) {
      const { outcomes, options, resolve, reject } = job;
      const handing = this.#handOver(outcomes, options);
      giveReport();
      await handing.then(
        (report) => giveReport = () => resolve(report),
        (error) => giveReport = () => reject(error),
      );
    }
    this.#isRunning = false;
    giveReport();
  }

  async #handOver(outcomes: Outcomes, options: DeliverOptions): Promise<DeliveryReport> {
    const { timers, shownHost } = this.#settings;
    this.#transcript.restart(timers.now());
    this.#tls = null;
    this.#takesDsn = false;
    this.#obey(options.signal);
    await this.#handToAll(outcomes, options);
    return outcomes.report({
      host: shownHost,
      tls: this.#tls,
      seesToNotices: this.#takesDsn && outcomes.delivery.dsn != null,
      transcript: () => this.#transcript.format(),
    });
  }

  /** Hands over until no recipient is open, or nothing more can be done. */
  async #handToAll(outcomes: Outcomes, options: DeliverOptions): Promise<void> {
    // Once for each step forward: a server may close after each transaction.
    let openAtReconnect = Infinity;
    let hasBegun = false;
    this.#learnedLimit = Infinity;
    const onContent = () => {
      if (options.signal.aborted) throw stopped();
      const { content, sizeBytes } = outcomes.delivery;
      // Memory that was freed too early must never pass for an empty message.
      if (content instanceof Uint8Array && content.length !== sizeBytes) {
        throw new Error(`${content.length} of the message's ${sizeBytes} bytes are there`);
      }
      this.#mayStop = false;
      if (!hasBegun) options.onDataBegin();
      hasBegun = true;
    };
    while (!outcomes.isComplete) {
      this.#mayStop = true;
      const openBefore = outcomes.openCount;
      const end = await this.#attempt(outcomes, options.signal, onContent);
      this.#learnedLimit = end.recipientLimit ?? this.#learnedLimit;
      if (end.next === "new_transaction") continue;
      // Recipients over the limit wait for a transaction of their own.
      const isForward = outcomes.openCount < openBefore;
      if (end.next === "continue" && isForward) continue;
      if (end.next === "continue") break;
      this.#drop();
      // A refused RSET is none of this transaction's doing.
      const isReset = end.outcome?.phase === "reset";
      const mayReconnect = isReset || outcomes.openCount < openAtReconnect;
      if (end.next === "reconnect" && mayReconnect) {
        if (!isReset) openAtReconnect = outcomes.openCount;
      } else if (end.outcome !== null) outcomes.setOpen({ ...end.outcome, kind: "deferred" });
      else if (!isForward) break;
    }
    this.#mayStop = false;
  }

  /** One transaction, on the connection there is or on a new one. */
  async #attempt(
    outcomes: Outcomes,
    signal: AbortSignal,
    onContent: () => void,
  ): Promise<TransactionEnd> {
    if (signal.aborted) {
      return { next: "close", outcome: STOPPED };
    }
    const ahead = this.#ahead;
    this.#ahead = null;
    // The connection is of no use if the commands of another message are on their way, or if the
    // server has said what nobody asked for, such as goodbye.
    const isInStep = ahead === null
      ? !this.#session?.channel.hasUnasked
      : ahead.work.outcomes === outcomes;
    if (!isInStep) this.#drop();
    const session = this.#session ?? await this.#connect(outcomes, signal);
    if ("next" in session) return session;
    this.#session = session;
    this.#tls = session.tls;
    this.#takesDsn = session.takesDsn;
    if (!session.takesUnicode) failUnicode(outcomes);
    if (session.maxSizeBytes !== null) failOversize(outcomes, session.maxSizeBytes);
    const indices = outcomes.open().slice(
      0,
      Math.min(this.#settings.recipientLimit, this.#learnedLimit),
    );
    if (indices.length === 0) return { next: "continue", outcome: null };
    const transaction = ahead?.session === session
      ? ahead
      : this.#transaction(session, outcomes, indices);
    this.#onContent = onContent;
    try {
      const end = await transaction.run();
      if (transaction.isNotBorne) this.#settings.sendingAhead.forbid();
      return end;
    } catch (error) {
      // Our own fault: the message could not be read, or its beginning could not be noted.
      const kind = transaction.phase === "dot" ? "uncertain" : "deferred";
      const text = `${STEP[transaction.phase]}: ${errorText(error)}`;
      outcomes.noteError(text);
      outcomes.noteThrown(error);
      outcomes.setOpen({ ...withoutReply(kind, text), phase: transaction.phase });
      return { next: "close", outcome: null };
    }
  }

  #transaction(session: Session, outcomes: Outcomes, indices: readonly number[]): Transaction {
    return new Transaction(session, {
      delivery: outcomes.delivery,
      indices,
      outcomes,
      timeouts: this.#settings.timeouts,
      onContent: () => this.#onContent(),
      ahead: () => this.#commandsAhead(session),
    });
  }

  /** The commands of the next message, where nothing speaks against sending them before this one
   *  is answered. */
  #commandsAhead(session: Session): string {
    const { recipientLimit, sendingAhead } = this.#settings;
    const [job] = this.#waiting;
    if (job === undefined || !session.canPipeline) return "";
    const { outcomes, options: { signal } } = job;
    const { sender, recipients, sizeBytes } = outcomes.delivery;
    const isSimple = recipients.length <= Math.min(recipientLimit, AHEAD_RECIPIENTS) &&
      outcomes.openCount === recipients.length && !isUnicode(sender) &&
      !recipients.some(isUnicode) && sizeBytes <= (session.maxSizeBytes ?? Infinity);
    if (!isSimple || signal.aborted || !sendingAhead.isAllowed) return "";
    const transaction = this.#transaction(session, outcomes, outcomes.open());
    const commands = transaction.commandsAhead();
    if (commands.length > AHEAD_BYTES) return "";
    this.#ahead = transaction;
    return commands;
  }

  /** A session on a new connection, or what its failure means. */
  async #connect(outcomes: Outcomes, signal: AbortSignal): Promise<Session | TransactionEnd> {
    const onChannel = (channel: Channel) => {
      this.#channel = channel;
    };
    const transcript = this.#transcript;
    const result = await this.#settings.opener.open({ transcript, signal, onChannel });
    if ("error" in result) outcomes.noteError(result.error);
    return result;
  }

  /** Obeys `signal` from now on, in place of that of the message before. */
  #obey(signal: AbortSignal | null): void {
    if (signal === this.#signal) return;
    this.#signal?.removeEventListener("abort", this.#onAbort);
    signal?.addEventListener("abort", this.#onAbort);
    this.#signal = signal;
  }

  #drop(): void {
    // The commands sent ahead may be the reason: no more are sent ahead to this relay.
    if (this.#ahead !== null) this.#settings.sendingAhead.forbid();
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
