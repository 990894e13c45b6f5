// What an SMTP server reads its client by. ReadAhead is one for a stream that is waited for where it
// is read (`sendmail -bs`); a listener's connections are others.

/** The bytes of a client, read ahead and taken from by whoever's turn it is. */
export interface SmtpInput {
  /** What was read and not yet taken; good until the next `more`. */
  readonly bytes: Uint8Array;
  /** Says that the first `count` bytes were taken. */
  take(count: number): void;
  /** Waits for at least one byte behind those that are there, once all replies are on their way;
   *  false if none will come. */
  more(): boolean | Promise<boolean>;
}
