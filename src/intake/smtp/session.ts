// A server's end of an SMTP conversation: which command may come when, what is answered, when mail
// is handed over. Called by app/sendmail for `sendmail -bs`; sockets and the queue are left to its
// host.

import { MailqError } from "../../queue/errors.ts";
import { readAddresses } from "../address/addresses.ts";
import { DottedText } from "../sources/dotted_text.ts";
import type { ReadAhead } from "../sources/read_ahead.ts";
import type { ByteSource } from "../sources/files.ts";
import { type MailCommand, type RcptCommand, readMail, readRcpt, splitCommand } from "./command.ts";
import { CommandReader } from "./command_reader.ts";
import { Refused, refused, reply, replyText, replyToFailure, type SmtpReply } from "./reply.ts";

/** What MAIL and RCPT have said. */
export interface SmtpEnvelope {
  readonly mail: MailCommand;
  /** At least one. */
  readonly recipients: readonly RcptCommand[];
}

/** Who takes the mail. */
export interface SmtpHost {
  readonly hostname: string;
  readonly maxSizeBytes: number;
  /** Throws `bad_address` for one that mail cannot be queued for. */
  checkRecipient(recipient: string): Promise<void>;
  /** Queues a message whose text is read from `text`, and calls `onQueued` with its id as soon as
   *  it is on disk. Where it throws, nothing was queued. */
  queue(
    envelope: SmtpEnvelope,
    text: ByteSource,
    onQueued: (id: string) => void,
  ): Promise<void>;
}

/** RFC 5321 4.5.3.1.8 asks for 100. */
const MAX_RECIPIENTS = 10_000;
/** What taking a message in may add to it, roughly: Message-ID, Date, line ends. */
const ADDED_BYTES = 2_000;

/** A server's end of an SMTP conversation (RFC 5321) with PIPELINING (2920), SIZE (1870), 8BITMIME
 *  (6152), SMTPUTF8 (6531), DSN (3461) and ENHANCEDSTATUSCODES (2034). Lines of a message may be
 *  of any length (4.5.3.1 would have it so). No Received field is added: mailq changes no bytes,
 *  and nobody is at the other end but a program of this machine. */
export class SmtpSession {
  readonly #commands: CommandReader;
  #isGreeted = false;
  #mail: MailCommand | null = null;
  #recipients: RcptCommand[] = [];

  /** `say` must get the text out before `input` waits for more. */
  constructor(
    readonly input: ReadAhead,
    readonly say: (text: string) => void,
    readonly host: SmtpHost,
  ) {
    this.#commands = new CommandReader(input);
  }

  /** Serves to QUIT or to the end of the input. Throws `input_unreadable` where that comes in the
   *  middle of a message, which is then not queued. */
  async serve(): Promise<void> {
    const { hostname } = this.host;
    this.#reply(reply(220, null, `${hostname} ESMTP mailq`));
    for (;;) {
      const line = this.#commands.next();
      if (line === null) return;
      if (line.kind === "too long") {
        this.#reply(reply(500, "5.5.2", "Line too long"));
      } else if (line.kind === "garbled") {
        this.#reply(reply(500, "5.5.2", "Cannot read the line: expected UTF-8 that ends in CRLF"));
      } else {
        const { verb, rest } = splitCommand(line.text);
        if (verb === "QUIT" && rest === "") {
          return this.#reply(reply(221, "2.0.0", `${hostname} closes the conversation`));
        }
        await this.#obey(verb, rest);
      }
    }
  }

  async #obey(verb: string, rest: string): Promise<void> {
    try {
      this.#reply(await this.#answer(verb, rest) ?? null);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#reply(error.reply);
    }
  }

  /** Does what a command says. Returns its reply, or null where that was given. */
  async #answer(verb: string, rest: string): Promise<SmtpReply | null> {
    switch (verb) {
      case "EHLO":
      case "HELO":
        return this.#hello(verb, rest);
      case "MAIL":
        return await this.#from(rest);
      case "RCPT":
        return await this.#to(rest);
      case "DATA":
        refuseArguments(verb, rest);
        return await this.#data();
      case "RSET":
        refuseArguments(verb, rest);
        this.#reset();
        return reply(250, "2.0.0", "Ok");
      case "NOOP":
        return reply(250, "2.0.0", "Ok");
      case "VRFY":
        if (rest === "") throw refused(501, "5.5.4", "Syntax: VRFY <ann@example.org>");
        return reply(252, "2.5.2", "Cannot say who gets mail here; send it and see");
      case "HELP":
        return reply(
          214,
          "2.0.0",
          "Commands: HELO EHLO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT",
        );
      case "QUIT":
        throw refused(501, "5.5.4", "Syntax: QUIT");
      case "EXPN":
      case "ETRN":
      case "AUTH":
      case "STARTTLS":
      case "BDAT":
        throw refused(502, "5.5.1", `There is no ${verb} here`);
      default:
        throw refused(500, "5.5.2", "Unknown command; see HELP");
    }
  }

  #hello(verb: string, rest: string): SmtpReply {
    if (rest === "" || rest.includes(" ")) {
      throw refused(501, "5.5.4", `Syntax: ${verb} host.example.org`);
    }
    this.#isGreeted = true;
    this.#reset();
    const { hostname, maxSizeBytes } = this.host;
    if (verb === "HELO") return reply(250, null, hostname);
    return reply(
      250,
      null,
      hostname,
      "PIPELINING",
      `SIZE ${maxSizeBytes}`,
      "8BITMIME",
      "SMTPUTF8",
      "DSN",
      "ENHANCEDSTATUSCODES",
      "HELP",
    );
  }

  async #from(rest: string): Promise<SmtpReply> {
    if (!this.#isGreeted) throw refused(503, "5.5.1", "Say EHLO or HELO first");
    if (this.#mail !== null) throw refused(503, "5.5.1", "A sender was given already");
    const mail = readMail(rest);
    const { maxSizeBytes } = this.host;
    if ((mail.sizeBytes ?? 0) > maxSizeBytes) {
      throw refused(552, "5.3.4", `Cannot take more than ${maxSizeBytes} bytes`);
    }
    if (mail.sender !== "") {
      await checked("5.1.7", async () => void await readAddresses(`<${mail.sender}>`, "MAIL"));
    }
    this.#mail = mail;
    return reply(250, "2.1.0", "Ok");
  }

  async #to(rest: string): Promise<SmtpReply> {
    if (this.#mail === null) throw refused(503, "5.5.1", "Say MAIL first");
    if (this.#recipients.length >= MAX_RECIPIENTS) {
      throw refused(452, "4.5.3", "Too many recipients");
    }
    const rcpt = readRcpt(rest, this.#mail.isUtf8);
    await checked("5.1.3", () => this.host.checkRecipient(rcpt.recipient));
    this.#recipients.push(rcpt);
    return reply(250, "2.1.5", "Ok");
  }

  async #data(): Promise<null> {
    const mail = this.#mail;
    if (mail === null) throw refused(503, "5.5.1", "Say MAIL first");
    const recipients = this.#recipients;
    if (recipients.length === 0) throw refused(554, "5.5.1", "No recipient was accepted");
    this.#reset();
    this.#reply(reply(354, null, "End the message with a line of a single dot"));
    const text = new MessageText(this.input, this.#commands.takesBareLf);
    let isQueued = false;
    try {
      await this.host.queue({ mail, recipients }, text, (id) => {
        isQueued = true;
        this.#reply(reply(250, "2.0.0", `Ok: queued as ${id}`));
      });
    } catch (error) {
      // Whatever comes after the mail is safe is no failure of this command.
      if (isQueued || text.isCutOff) throw error;
      // RFC 5321 4.2.5: the reply comes after the dot; what lies before it is no command.
      text.skip();
      const isTooLarge = text.sizeBytes + ADDED_BYTES > this.host.maxSizeBytes;
      this.#reply(replyToFailure(error, isTooLarge));
    }
    return null;
  }

  #reset(): void {
    this.#mail = null;
    this.#recipients = [];
  }

  #reply(said: SmtpReply | null): void {
    if (said !== null) this.say(replyText(said));
  }
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

function refuseArguments(verb: string, rest: string): void {
  if (rest !== "") throw refused(501, "5.5.4", `Syntax: ${verb}`);
}

/** What the client sends after DATA: to a line of a single dot, dots undone. */
class MessageText implements ByteSource {
  sizeBytes = 0;
  /** Whether the input ended first. */
  isCutOff = false;
  readonly #text: DottedText;

  constructor(input: ReadAhead, takesBareLf: boolean) {
    this.#text = new DottedText(input, {
      takesBareLf,
      dropsDots: true,
      onMissingEnd: () => {
        this.isCutOff = true;
        throw new MailqError(
          "input_unreadable",
          "Cannot queue the message: the input ended in the middle of it",
        );
      },
    });
  }

  readSync(into: Uint8Array): number | null {
    const count = this.#text.readSync(into);
    this.sizeBytes += count ?? 0;
    return count;
  }

  skip(): void {
    const scrap = new Uint8Array(64 * 1024);
    while (this.readSync(scrap) !== null);
  }
}
