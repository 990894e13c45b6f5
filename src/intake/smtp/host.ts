// What an SMTP server asks of whoever runs it: who takes the mail, how much of everything a client
// may use, and what there is of TLS and logins. `sendmail -bs` and the listeners are hosts.

import type { ByteSource } from "../sources/files.ts";
import type { MailCommand, RcptCommand } from "./command.ts";

/** What EHLO, AUTH, MAIL and RCPT have said. */
export interface SmtpEnvelope {
  readonly mail: MailCommand;
  /** At least one. */
  readonly recipients: readonly RcptCommand[];
  readonly client: SmtpClientFacts;
}

/** What a client has told of itself. */
export interface SmtpClientFacts {
  /** What it calls itself: anything without blanks. */
  readonly helo: string;
  /** Whether it said EHLO. */
  readonly isExtended: boolean;
  /** As whom it has logged in. */
  readonly user: string | null;
}

/** The text of one message, kept while it comes and read once it is whole. */
export interface SmtpText extends ByteSource, Disposable {
  readonly sizeBytes: number;
  /** Adds a copy of `bytes`. Throws a MailqError where there is no room for them. */
  write(bytes: Uint8Array): void;
}

/** Who takes the mail. */
export interface SmtpHost {
  readonly hostname: string;
  readonly maxSizeBytes: number;
  readonly limits: SmtpLimits;
  /** Null where there is neither TLS nor a login. */
  readonly security: SmtpSecurity | null;
  /** Null where single mails are taken alone. */
  readonly drops: SmtpDrops | null;
  /** Throws `bad_address` for one that mail cannot be queued for. */
  checkRecipient(recipient: string): Promise<void>;
  newText(): SmtpText;
  /** Queues a message, and calls `onQueued` with its id as soon as it is on disk. Where it throws,
   *  nothing was queued. */
  queue(envelope: SmtpEnvelope, text: SmtpText, onQueued: (id: string) => void): Promise<void>;
}

/** Takes batches of messages that are ready for the queue, in the form of the drop folder's files. */
export interface SmtpDrops {
  readonly maxSizeBytes: number;
  /** Queues all messages of a batch or none; resolves once they are on disk. */
  take(text: SmtpText): Promise<void>;
}

/** What one client may use. */
export interface SmtpLimits {
  readonly recipients: number;
  /** Refusals, after which the conversation is ended. */
  readonly errors: number;
  /** Commands that bring no mail on, since the last message was taken. */
  readonly idleCommands: number;
}

/** A program of this machine that speaks to a process of its own hurts nobody else; RFC 5321
 *  4.5.3.1.8 asks for 100 recipients. */
export const OWN_PROCESS_LIMITS: SmtpLimits = {
  recipients: 10_000,
  errors: Infinity,
  idleCommands: Infinity,
};

/** TLS and logins. What is told here may change with STARTTLS. */
export interface SmtpSecurity {
  readonly offersTls: boolean;
  /** Gets the replies out and begins TLS: what comes from then on comes under it. False if that
   *  fails, and the conversation is over. */
  startTls(): Promise<boolean>;
  /** `after TLS`: a password would go in clear. */
  readonly login: "none" | "after TLS" | "offered";
  /** Whether mail is taken only after a login. */
  readonly needsLogin: boolean;
  /** Whether this is the user's password; `busy` if that cannot be told now. */
  verify(user: string, password: string): Promise<"right" | "wrong" | "busy">;
}
