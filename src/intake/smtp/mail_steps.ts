// MAIL, RCPT, DATA and BDAT: one mail on its way from its sender's name to its end. Called by
// session.ts, which reads the commands; the bytes are read here, and handed to the host.

import { MailqError } from "../../queue/errors.ts";
import { readAddresses } from "../address/addresses.ts";
import { DotDecoder } from "../sources/dot_decoder.ts";
import {
  type BdatCommand,
  type MailCommand,
  type RcptCommand,
  readMail,
  readRcpt,
} from "./command.ts";
import type { CommandReader } from "./command_reader.ts";
import type { SmtpClientFacts, SmtpDrops, SmtpHost, SmtpText } from "./host.ts";
import type { SmtpInput } from "./input.ts";
import { refused, reply, replyToFailure, type SmtpReply } from "./reply.ts";

/** What taking a message in may add to it, roughly: Message-ID, Date, line ends. */
const ADDED_BYTES = 2_000;
/** A text that is larger than this many times the limit, and more, is not read to its end. */
const FAR_TOO_LARGE = 4;
const MANY_BYTES = 16 * 1024 * 1024;
/** Where a text lies between the client's bytes and its place; nothing waits while it is in use. */
const scratch = new Uint8Array(64 * 1024);

/** One mail after another, each from its MAIL to its end. */
export class MailSteps implements Disposable {
  #mail: MailCommand | null = null;
  #recipients: RcptCommand[] = [];
  /** What DATA or BDAT has brought so far. */
  #text: IncomingText | null = null;

  constructor(
    readonly input: SmtpInput,
    readonly commands: CommandReader,
    readonly host: SmtpHost,
    readonly say: (said: SmtpReply) => void,
  ) {}

  /** Whether a mail has begun. */
  get isOpen(): boolean {
    return this.#mail !== null;
  }

  reset(): void {
    this.#mail = null;
    this.#recipients = [];
    this.#text?.[Symbol.dispose]();
    this.#text = null;
  }

  [Symbol.dispose](): void {
    this.reset();
  }

  async from(rest: string): Promise<SmtpReply> {
    if (this.#mail !== null) throw refused(503, "5.5.1", "A sender was given already");
    const mail = readMail(rest, { offersLogin: this.host.security?.login === "offered" });
    const { maxSizeBytes } = this.host;
    if ((mail.sizeBytes ?? 0) > maxSizeBytes) throw refused(552, "5.3.4", this.#tooLarge());
    if (mail.sender !== "") {
      await checked("5.1.7", async () => void await readAddresses(`<${mail.sender}>`, "MAIL"));
    }
    this.#mail = mail;
    return reply(250, "2.1.0", "Ok");
  }

  async to(rest: string): Promise<SmtpReply> {
    if (this.#mail === null) throw refused(503, "5.5.1", "Say MAIL first");
    if (this.#text !== null) throw refused(503, "5.5.1", "BDAT has begun already");
    if (this.#recipients.length >= this.host.limits.recipients) {
      throw refused(452, "4.5.3", "Too many recipients");
    }
    const rcpt = readRcpt(rest, this.#mail.isUtf8);
    await checked("5.1.3", () => this.host.checkRecipient(rcpt.recipient));
    this.#recipients.push(rcpt);
    return reply(250, "2.1.5", "Ok");
  }

  /** Obeys DATA. Returns whether the mail was taken. */
  async data(client: SmtpClientFacts): Promise<boolean> {
    if (this.#mail === null) throw refused(503, "5.5.1", "Say MAIL first");
    if (this.#text !== null) throw refused(503, "5.5.1", "BDAT has begun already");
    if (this.#recipients.length === 0) throw refused(554, "5.5.1", "No recipient was accepted");
    this.say(reply(354, null, "End the message with a line of a single dot"));
    const text = new IncomingText(this.host);
    this.#text = text;
    const decoder = new DotDecoder({
      takesBareLf: this.commands.takesBareLf,
      dropsDots: true,
    });
    while (!decoder.hasEnd) {
      if (this.input.bytes.length === 0 && !await this.input.more()) throw cutOff();
      text.write(scratch.subarray(0, decoder.copy(this.input, scratch)));
    }
    return await this.#finish(text, client);
  }

  /** Obeys BDAT (RFC 3030): what it announces follows it, whatever is answered. Returns whether a
   *  mail was taken. */
  async bdat({ sizeBytes, isLast }: BdatCommand, client: SmtpClientFacts): Promise<boolean> {
    const refusal = this.#mail === null
      ? refused(503, "5.5.1", "Say MAIL first")
      : this.#recipients.length === 0
      ? refused(554, "5.5.1", "No recipient was accepted")
      : null;
    const text = this.#text ??= new IncomingText(this.host);
    if (refusal !== null) text.drop();
    await this.#read(sizeBytes, text);
    if (refusal !== null) {
      this.#text = null;
      throw refusal;
    }
    if (isLast) return await this.#finish(text, client);
    const failure = text.failure ?? (text.isTooLarge ? this.#tooLargeError() : null);
    // RFC 3030 2: from a refused chunk on the mail is lost.
    if (failure !== null) {
      this.reset();
      this.say(replyToFailure(failure, text.isTooLarge));
    } else this.say(reply(250, "2.0.0", `Ok: ${sizeBytes} bytes`));
    return false;
  }

  /** Obeys XDROP, which only mailq itself says: a batch of so many bytes follows it. */
  async drop(sizeBytes: number, drops: SmtpDrops): Promise<SmtpReply> {
    using text = new IncomingText(this.host, drops.maxSizeBytes);
    await this.#read(sizeBytes, text);
    try {
      if (text.failure !== null) throw text.failure;
      await drops.take(text.text);
      return reply(250, "2.0.0", "Ok");
    } catch (error) {
      return replyToFailure(error, false);
    }
  }

  /** Reads so many bytes, whatever is in them. */
  async #read(sizeBytes: number, text: IncomingText): Promise<void> {
    for (let left = sizeBytes; left > 0;) {
      if (this.input.bytes.length === 0 && !await this.input.more()) throw cutOff();
      const piece = this.input.bytes.subarray(0, left);
      text.write(piece);
      left -= piece.length;
      this.input.take(piece.length);
    }
  }

  async #finish(text: IncomingText, client: SmtpClientFacts): Promise<boolean> {
    const { host } = this;
    const mail = this.#mail;
    const recipients = this.#recipients;
    if (mail === null) throw new Error("a text without a mail");
    this.#text = null;
    this.reset();
    let isQueued = false;
    try {
      if (text.failure !== null) throw text.failure;
      if (text.isTooLarge) throw this.#tooLargeError();
      await host.queue({ mail, recipients, client }, text.text, (id) => {
        isQueued = true;
        this.say(reply(250, "2.0.0", `Ok: queued as ${id}`));
      });
    } catch (error) {
      // Whatever comes after the mail is safe is no failure of this command.
      if (isQueued) throw error;
      const isTooLarge = text.sizeBytes + ADDED_BYTES > host.maxSizeBytes;
      this.say(replyToFailure(error, isTooLarge));
    } finally {
      text[Symbol.dispose]();
    }
    return isQueued;
  }

  #tooLarge(): string {
    return `Cannot take so large a message: max_size is ${this.host.maxSizeBytes} bytes`;
  }

  #tooLargeError(): MailqError {
    return new MailqError("bad_message", this.#tooLarge());
  }
}

/** A text as it comes: kept as long as it can be queued, and counted in any case. */
class IncomingText implements Disposable {
  sizeBytes = 0;
  /** Why it cannot be kept. */
  failure: MailqError | null = null;
  readonly text: SmtpText;
  #isDropped = false;

  constructor(host: SmtpHost, readonly maxSizeBytes = host.maxSizeBytes) {
    this.text = host.newText();
  }

  get isTooLarge(): boolean {
    return this.sizeBytes > this.maxSizeBytes;
  }

  /** Keeps nothing of what comes. */
  drop(): void {
    this.#isDropped = true;
    this.text[Symbol.dispose]();
  }

  write(bytes: Uint8Array): void {
    this.sizeBytes += bytes.length;
    if (this.sizeBytes > FAR_TOO_LARGE * this.maxSizeBytes + MANY_BYTES) throw cutOff();
    if (this.isTooLarge) this.drop();
    if (this.#isDropped || bytes.length === 0) return;
    try {
      this.text.write(bytes);
    } catch (error) {
      if (!(error instanceof MailqError)) throw error;
      this.failure = error;
      this.drop();
    }
  }

  [Symbol.dispose](): void {
    this.drop();
  }
}

function cutOff(): MailqError {
  return new MailqError(
    "input_unreadable",
    "Cannot queue the message: the input ended in the middle of it",
  );
}

/** Refuses what `check` throws: an address that is theirs to mend, or a fault of ours. */
async function checked(enhanced: string, check: () => Promise<void>): Promise<void> {
  try {
    await check();
  } catch (error) {
    if (!(error instanceof MailqError)) throw error;
    throw error.code === "bad_address"
      ? refused(553, enhanced, error.message)
      : refused(451, "4.3.0", error.message);
  }
}
