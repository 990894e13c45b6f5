// One SMTP transaction on an open session: MAIL, RCPT, DATA, content, final dot, and what each
// reply means for whom. The transport makes one for each try of a message. What a reply means is
// read from the table in `classify.ts`; connecting again is left to the transport.

import type { Phase } from "../../../queue/outcome.ts";
import type { DeliveryOutcome } from "../../../queue/ports/transport.ts";
import { type Outcomes, withoutReply } from "../../outcomes.ts";
import { classify, isPositive, type NextStep, STEP, type Verdict } from "./classify.ts";
import { answeredTooMuch, ConnectionBroken } from "../connection/broken.ts";
import { commandOf, type Envelope, envelopeSteps, limitOf, type Step } from "./envelope_steps.ts";
import { AHEAD_BYTES, NOT_BORNE, verdictOnSendingAhead } from "./sending_ahead.ts";
import { FINAL_DOT, packContent } from "./content.ts";
import { streamContent } from "./stream_content.ts";
import { outcomeOf, type SmtpReply } from "./replies.ts";
import { RecipientCount } from "./too_many.ts";
import type { Session } from "../session/session.ts";
import type { Timeouts } from "../connection/timers.ts";

/** Commands in one write at most: their replies fit into any socket's buffer. */
const WINDOW = 100;

const encoder = new TextEncoder();

/** What one transaction works on. */
interface TransactionWork extends Envelope {
  readonly outcomes: Outcomes;
  readonly timeouts: Timeouts;
  /** Called before content goes out. */
  readonly onContent: () => void;
  /** The commands that may go out behind the final dot, for the next message; empty = none. */
  readonly ahead: () => string;
}

/** How a transaction ended: what comes next for the recipients still open and, for
 *  `reconnect`, their outcome if there is no next connection. */
export interface TransactionEnd {
  readonly next: NextStep;
  readonly outcome: DeliveryOutcome | null;
  /** Recipients of one transaction at most, from now on; null or absent: nothing was learned. */
  readonly recipientLimit?: number | null;
}

/** MAIL, RCPT, DATA, content, final dot: one SMTP transaction on an open session. */
export class Transaction {
  #phase: Phase = "mail";
  readonly #accepted: number[] = [];
  #mailVerdict: Verdict | null = null;
  #hasContentPrompt = false;
  readonly #count = new RecipientCount();
  #end: TransactionEnd | null = null;
  /** Our commands, where they went out behind the content of the message before. */
  #sentAhead: string | null = null;
  /** The next message's commands went out behind our content. */
  #hasAhead = false;
  /** It turned out that the server does not bear commands behind a final dot. */
  isNotBorne = false;

  constructor(readonly session: Session, readonly work: TransactionWork) {}

  /** Runs it. What the connection does is an end; only faults of our own are thrown. */
  async run(): Promise<TransactionEnd> {
    try {
      const isOpen = await this.#sendEnvelope();
      if (this.#end !== null) return this.#end;
      if (isOpen) await this.#sendContent();
      else if (this.#hasContentPrompt) await this.#declineContent();
      else this.session.needsReset = true;
      if (this.#end !== null) return this.#end;
      const { next, limit } = this.#count;
      return { next, outcome: null, recipientLimit: limit };
    } catch (error) {
      if (!(error instanceof ConnectionBroken)) throw error;
      return await this.#brokenBy(error);
    } finally {
      this.session.isUsed = true;
    }
  }

  /** Where the transaction is, for an error that is none of the connection's. */
  get phase(): Phase {
    return this.#phase;
  }

  /** All commands up to DATA, for a session that takes them behind a final dot (RFC 2920 3.1);
   *  `run` only reads the replies then. */
  commandsAhead(): string {
    const steps = envelopeSteps(this.work.indices, { needsReset: false });
    return this.#sentAhead = this.#commands(steps);
  }

  /** Everything up to the reply to DATA; true if content is wanted for somebody. */
  async #sendEnvelope(): Promise<boolean> {
    const { session, work } = this;
    const window = this.#sentAhead !== null ? Infinity : session.canPipeline ? WINDOW : 1;
    const steps = envelopeSteps(work.indices, session);
    const dataAt = steps.length - 1;
    session.needsReset = false;
    let next = 0;
    while (next < steps.length) {
      if (next === dataAt && this.#accepted.length === 0) return false;
      const group = steps.slice(next, next + window);
      next += group.length;
      this.#send(group);
      for (const [i, step] of group.entries()) {
        this.#phase = step.phase;
        const reply = session.channel.bufferedReply() ??
          await session.channel.reply(limitOf(step, work.timeouts));
        if (i === group.length - 1) this.#refuseUnasked();
        this.#take(step, reply);
        if (this.#end !== null) return false;
      }
      if (this.#mailVerdict !== null) return false;
      // The rest is for the next transaction.
      if (this.#count.isEnough) next = Math.max(next, dataAt);
    }
    return this.#hasContentPrompt && this.#accepted.length > 0;
  }

  #send(steps: readonly Step[]): void {
    const { channel } = this.session;
    if (this.#sentAhead !== null) channel.showCommands(this.#sentAhead);
    else channel.sendCommands(this.#commands(steps));
  }

  #commands(steps: readonly Step[]): string {
    let lines = "";
    for (const step of steps) lines += commandOf(step, this.session, this.work);
    return lines;
  }

  /** Throws if the server has said yes to something we did not ask: nobody knows any more which
   *  command a reply is for, and one would pass for the reply to the content. A refusal that nobody
   *  asked for is read in its turn: servers say goodbye when they like. */
  #refuseUnasked(): void {
    const unasked = this.session.channel.peekReply();
    if (unasked !== null && unasked.code < 400) throw answeredTooMuch();
  }

  #take(step: Step, reply: SmtpReply): void {
    const index = step.phase === "rcpt" ? step.index : null;
    if (isPositive(this.#phase, reply.code)) {
      if (index !== null) {
        this.#accepted.push(index);
        this.#count.accept();
      }
      if (this.#phase === "data") this.#hasContentPrompt = true;
      return;
    }
    const verdict = this.#verdictOn(reply);
    const outcome = outcomeOf(verdict, reply, this.#phase);
    // The first refusal explains those that follow it, such as 503 to RCPT after MAIL failed.
    const isEcho = this.#mailVerdict !== null ||
      this.#phase === "data" && this.#accepted.length === 0;
    if (verdict.next === "reconnect" || verdict.next === "close" && !isEcho) {
      if (index !== null && this.#count.isFull(reply)) this.#count.keepLimit();
      this.#noteRefusal(index, reply);
      return this.#finish(verdict, outcome);
    }
    if (isEcho) return;
    if (verdict.next === "new_transaction") return this.#count.refuse();
    if (this.#count.isReason(reply, verdict, this.#phase)) return;
    this.#noteRefusal(index, reply);
    if (index !== null) return this.work.outcomes.set(index, outcome);
    if (this.#phase === "mail") this.#mailVerdict = verdict;
    this.#setHeld(outcome);
  }

  #verdictOn(reply: SmtpReply): Verdict {
    const isAhead = this.#sentAhead !== null || this.#hasAhead;
    const verdict = isAhead ? verdictOnSendingAhead(this.#phase, reply) : null;
    this.isNotBorne ||= verdict !== null;
    return verdict ?? classify(this.#phase, reply, {
      isUsed: this.session.isUsed,
      isFull: this.#phase === "rcpt" && this.#count.isFull(reply),
    });
  }

  /** Ends the transaction: the open recipients get the outcome, unless they are tried again on
   *  another connection. */
  #finish(verdict: Verdict, outcome: DeliveryOutcome): void {
    if (verdict.next !== "reconnect") this.#setHeld(outcome);
    this.#end = { next: verdict.next, outcome, recipientLimit: this.#count.limit };
  }

  /** The recipients this transaction holds: those accepted once content was due, else all. */
  #setHeld(outcome: DeliveryOutcome): void {
    const isPastEnvelope = ["data", "content", "dot"].includes(this.#phase);
    const held = isPastEnvelope ? this.#accepted : this.work.indices;
    for (const index of held) this.work.outcomes.set(index, outcome);
  }

  #noteRefusal(index: number | null, reply: SmtpReply): void {
    const { outcomes, delivery } = this.work;
    const subject = index !== null ? ` <${delivery.recipients[index]}>` : "";
    outcomes.noteError(`${STEP[this.#phase]}${subject}: ${reply.raw.replaceAll("\r\n", " ")}`);
  }

  /** The server waits for content though it has accepted nobody. RFC 2920 3.1 has us send the final
   *  dot alone; whatever the reply, an empty message goes to nobody. */
  async #declineContent(): Promise<void> {
    const { session: { channel }, work } = this;
    this.#phase = "content";
    if (this.#accepted.length > 0 || this.session.protocol === "lmtp") {
      // A server that refused MAIL and took recipients might deliver an empty message; LMTP has
      // no reply to a message for nobody.
      this.#end = { next: "close", outcome: null };
      return;
    }
    channel.post(FINAL_DOT);
    const reply = await channel.reply(work.timeouts.dotMs);
    if (reply.code === 421) this.#end = { next: "close", outcome: null };
  }

  async #sendContent(): Promise<void> {
    const { session: { channel }, work } = this;
    const { content, dotLines } = work.delivery;
    this.#phase = "content";
    work.onContent();
    channel.note("the content");
    const packed = content instanceof Uint8Array
      ? packContent(content, dotLines, channel.scratch)
      : 0;
    let reply: SmtpReply | null = null;
    let isCutOff = false;
    if (packed > 0) {
      channel.post(channel.scratch.subarray(0, packed + this.#packAhead(packed)));
      this.#phase = "dot";
      reply = await channel.reply(work.timeouts.dotMs);
      // An answer to what has not been sent in full is an answer to something else.
      if (!channel.isFlushed) await channel.flush(work.timeouts.blockMs);
    } else {
      reply = await streamContent(channel, work.delivery, work.timeouts.blockMs);
      isCutOff = reply !== null;
      if (!isCutOff) this.#phase = "dot";
    }
    reply ??= await channel.reply(work.timeouts.dotMs);
    if (this.session.protocol === "lmtp" && !isCutOff) return await this.#takeReplies(reply);
    const verdict = this.#verdictOn(reply);
    if (!isCutOff && this.#count.isReason(reply, verdict, "dot")) return;
    const outcome = outcomeOf(verdict, reply, this.#phase);
    if (verdict.kind !== "sent") this.#noteRefusal(null, reply);
    if (isCutOff && verdict.next === "continue") {
      this.#finish({ ...verdict, next: "close" }, outcome);
    } else if (verdict.next === "continue") this.#setHeld(outcome);
    else this.#finish(verdict, outcome);
  }

  /** Puts the next message's commands behind a small one's content, in the same write. Returns
   *  how many bytes they are. */
  #packAhead(at: number): number {
    const { session: { channel }, work } = this;
    const room = channel.scratch.subarray(at);
    // Recipients that are left over need a transaction of their own, at once.
    const isWhole = work.outcomes.openCount === this.#accepted.length;
    if (!isWhole || room.length < AHEAD_BYTES) return 0;
    const commands = work.ahead();
    this.#hasAhead = commands !== "";
    return encoder.encodeInto(commands, room).written;
  }

  /** LMTP answers for each recipient it took, in their order (RFC 2033 section 4.2). */
  async #takeReplies(first: SmtpReply): Promise<void> {
    const { session: { channel }, work } = this;
    for (const [i, index] of this.#accepted.entries()) {
      const reply = i === 0 ? first : await channel.reply(work.timeouts.dotMs);
      const verdict = this.#verdictOn(reply);
      if (verdict.kind !== "sent") this.#noteRefusal(index, reply);
      work.outcomes.set(index, outcomeOf(verdict, reply, this.#phase));
      if (verdict.next !== "continue") this.#end = { next: "close", outcome: null };
    }
  }

  async #brokenBy(error: ConnectionBroken): Promise<TransactionEnd> {
    const { session: { channel }, work } = this;
    // A small message is posted together with its dot: flushing tells whether the dot went out.
    // With commands behind the dot it does not.
    if (this.#phase === "dot" && !this.#hasAhead) {
      await channel.flush(work.timeouts.blockMs).catch(() => this.#phase = "content");
    }
    // No reply to the commands sent ahead: some servers throw them away.
    const isUnanswered = this.#sentAhead !== null && this.#phase === "mail" &&
      (error.kind === "lost" || error.kind === "timeout");
    this.isNotBorne ||= isUnanswered;
    const verdict = isUnanswered ? NOT_BORNE : classify(this.#phase, error.kind, {
      isUsed: this.session.isUsed,
      isFull: false,
    });
    const text = `${STEP[this.#phase]}: ${error.message}`;
    channel.note(text);
    work.outcomes.noteError(text);
    const { kind, isRelayFault } = verdict;
    this.#finish(verdict, { ...withoutReply(kind, text), isRelayFault, phase: this.#phase });
    return this.#end ?? { next: verdict.next, outcome: null };
  }
}
