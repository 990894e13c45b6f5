// A server's end of an SMTP conversation: which command may come when, and what is answered. Called
// by app/sendmail for `sendmail -bs` and by app/listen for each client of a listener; sockets and
// the queue are left to its host. One mail's steps are mail_steps.ts's.

import { type BdatCommand, readBdat, splitCommand } from "./command.ts";
import { CommandReader } from "./command_reader.ts";
import type { SmtpHost } from "./host.ts";
import type { SmtpInput } from "./input.ts";
import { logIn } from "./login.ts";
import { MailSteps } from "./mail_steps.ts";
import { Refused, refused, reply, replyText, type SmtpReply } from "./reply.ts";

/** Wrong passwords after which the conversation is ended. */
const MAX_WRONG_LOGINS = 3;

/** A server's end of an SMTP conversation (RFC 5321) with PIPELINING (2920), SIZE (1870), 8BITMIME
 *  (6152), SMTPUTF8 (6531), DSN (3461), CHUNKING (3030) and ENHANCEDSTATUSCODES (2034), and as its
 *  host has it STARTTLS (3207) and AUTH (4954). Lines of a message may be of any length (5321
 *  4.5.3.1 would have it so). */
export class SmtpSession {
  readonly #commands: CommandReader;
  readonly #mail: MailSteps;
  #helo: { readonly name: string; readonly isExtended: boolean } | null = null;
  #user: string | null = null;
  #errors = 0;
  #idleCommands = 0;
  #wrongLogins = 0;
  #isOver = false;

  /** `say` must get the text out before `input` waits for more. */
  constructor(
    readonly input: SmtpInput,
    readonly say: (text: string) => void,
    readonly host: SmtpHost,
  ) {
    this.#commands = new CommandReader(input);
    this.#mail = new MailSteps(input, this.#commands, host, (said) => this.#reply(said));
  }

  /** Serves to QUIT, to the end of the input or to a limit. Throws `input_unreadable` where the input
   *  ends in the middle of a message, which is then not queued. */
  async serve(): Promise<void> {
    using _mail = this.#mail;
    this.#reply(reply(220, null, `${this.host.hostname} ESMTP mailq`));
    while (!this.#isOver) {
      const line = await this.#commands.next();
      if (line === null) return;
      if (line.kind === "too long") {
        this.#refuse(reply(500, "5.5.2", "Line too long"));
      } else if (line.kind === "garbled") {
        this.#refuse(reply(500, "5.5.2", "Cannot read the line: expected UTF-8 that ends in CRLF"));
      } else {
        const { verb, rest } = splitCommand(line.text);
        await this.#obey(verb, rest);
      }
      if (!this.#isOver) this.#endAtLimit();
    }
  }

  async #obey(verb: string, rest: string): Promise<void> {
    try {
      this.#reply(await this.#answer(verb, rest) ?? null);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#refuse(error.reply);
    }
  }

  #refuse(said: SmtpReply): void {
    this.#errors++;
    this.#reply(said);
  }

  #endAtLimit(): void {
    const { errors, idleCommands } = this.host.limits;
    if (this.#errors >= errors) this.#end("Too many errors");
    else if (this.#idleCommands >= idleCommands) this.#end("Too many commands without a mail");
  }

  #end(why: string): void {
    this.#isOver = true;
    this.#reply(reply(421, "4.7.0", `${this.host.hostname} ends the conversation: ${why}`));
  }

  /** Does what a command says. Returns its reply, or null where that was given. */
  async #answer(verb: string, rest: string): Promise<SmtpReply | null> {
    switch (verb) {
      case "MAIL":
        this.#mayBegin();
        return await this.#mail.from(rest);
      case "RCPT":
        return await this.#mail.to(rest);
      case "DATA":
        refuseArguments(verb, rest);
        return this.#took(await this.#mail.data(this.#client()));
      case "XDROP":
        return await this.#drop(rest);
      case "BDAT":
        return this.#took(await this.#mail.bdat(this.#chunk(rest), this.#client()));
    }
    this.#idleCommands++;
    switch (verb) {
      case "EHLO":
      case "HELO":
        return this.#hello(verb, rest);
      case "STARTTLS":
        refuseArguments(verb, rest);
        return await this.#startTls();
      case "AUTH":
        return await this.#logIn(rest);
      case "RSET":
        refuseArguments(verb, rest);
        this.#mail.reset();
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
          "Commands: HELO EHLO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT" +
            (this.host.security === null ? "" : " STARTTLS AUTH"),
        );
      case "QUIT":
        refuseArguments(verb, rest);
        this.#isOver = true;
        return reply(221, "2.0.0", `${this.host.hostname} closes the conversation`);
      case "EXPN":
      case "ETRN":
        throw refused(502, "5.5.1", `There is no ${verb} here`);
      default:
        throw refused(500, "5.5.2", "Unknown command; see HELP");
    }
  }

  async #drop(rest: string): Promise<SmtpReply> {
    const { drops } = this.host;
    if (drops === null) throw refused(500, "5.5.2", "Unknown command; see HELP");
    const sizeBytes = /^\d{1,15}$/.test(rest) ? Number(rest) : NaN;
    // What follows is not read, and must not pass for commands.
    this.#isOver = !(sizeBytes <= drops.maxSizeBytes);
    if (this.#isOver) {
      return reply(
        552,
        "5.3.4",
        `Cannot take so many messages: ${drops.maxSizeBytes} bytes at most`,
      );
    }
    return await this.#mail.drop(sizeBytes, drops);
  }

  /** What follows a BDAT that cannot be read may be anything, and must not pass for commands. */
  #chunk(rest: string): BdatCommand {
    this.#isOver = true;
    const chunk = readBdat(rest);
    this.#isOver = false;
    return chunk;
  }

  #took(isTaken: boolean): null {
    if (isTaken) this.#idleCommands = 0;
    return null;
  }

  #client() {
    return {
      helo: this.#helo?.name ?? "",
      isExtended: this.#helo?.isExtended ?? false,
      user: this.#user,
    };
  }

  #hello(verb: string, rest: string): SmtpReply {
    if (rest === "" || rest.includes(" ")) {
      throw refused(501, "5.5.4", `Syntax: ${verb} host.example.org`);
    }
    this.#helo = { name: rest, isExtended: verb === "EHLO" };
    this.#mail.reset();
    const { hostname, maxSizeBytes, security } = this.host;
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
      "CHUNKING",
      "ENHANCEDSTATUSCODES",
      ...(security?.offersTls ? ["STARTTLS"] : []),
      ...(security?.login === "offered" ? ["AUTH PLAIN LOGIN"] : []),
      "HELP",
    );
  }

  #mayBegin(): void {
    if (this.#helo === null) throw refused(503, "5.5.1", "Say EHLO or HELO first");
    const { security } = this.host;
    if (security === null || !security.needsLogin || this.#user !== null) return;
    throw security.login === "after TLS"
      ? refused(530, "5.7.0", "Say STARTTLS first, then AUTH")
      : refused(530, "5.7.0", "Say AUTH first: mail is taken from those who log in");
  }

  async #startTls(): Promise<null> {
    const { security } = this.host;
    if (security === null || !security.offersTls) {
      throw refused(502, "5.5.1", "There is no STARTTLS here");
    }
    // RFC 3207 4.2: what came in clear must not pass for what comes under TLS. Who sends on before
    // the answer is no client of STARTTLS, but somebody in between.
    if (this.input.bytes.length > 0) {
      this.#end("nothing may follow STARTTLS before its answer");
      return null;
    }
    this.#reply(reply(220, "2.0.0", "Begin TLS"));
    this.#isOver = !await security.startTls();
    this.#mail.reset();
    this.#helo = null;
    this.#user = null;
    return null;
  }

  async #logIn(rest: string): Promise<SmtpReply | null> {
    const { security } = this.host;
    if (security === null) throw refused(502, "5.5.1", "There is no AUTH here");
    if (this.#helo === null) throw refused(503, "5.5.1", "Say EHLO first");
    if (this.#user !== null) throw refused(503, "5.5.1", "You have logged in already");
    if (this.#mail.isOpen) throw refused(503, "5.5.1", "A mail has begun already");
    const login = await logIn(rest, {
      commands: this.#commands,
      say: (said) => this.#reply(said),
      security,
    });
    if (login === null) return null;
    if (login !== "wrong") {
      this.#user = login.user;
      return reply(235, "2.7.0", "Welcome");
    }
    const refusal = refused(535, "5.7.8", "Wrong name or password");
    if (++this.#wrongLogins < MAX_WRONG_LOGINS) throw refusal;
    this.#reply(refusal.reply);
    this.#end("Too many wrong passwords");
    return null;
  }

  #reply(said: SmtpReply | null): void {
    if (said !== null) this.say(replyText(said));
  }
}

function refuseArguments(verb: string, rest: string): void {
  if (rest !== "") throw refused(501, "5.5.4", `Syntax: ${verb}`);
}
