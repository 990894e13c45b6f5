// What a sender asks to be told of a message (delivery status notices, RFC 3461). Intake reads it,
// stores keep it, and transports pass it on where the relay can; what nobody else tells,
// src/app/reports does.

/** What the sender asks of notices on a message as a whole (RFC 3461). */
export interface EnvelopeDsn {
  /** How much of the message a failure notice returns; null = as the relay likes. */
  readonly ret: "full" | "headers" | null;
  /** The sender's own name for this envelope, not encoded. */
  readonly envid: string | null;
}

/** What the sender wants to be told of a message. */
export interface DsnRequest extends EnvelopeDsn {
  /** For each recipient, in their order; null = nothing asked. */
  readonly recipients: readonly (RecipientDsn | null)[];
}

export interface RecipientDsn {
  /** `never` stands alone; empty = as the relay likes. */
  readonly notify: readonly ("never" | "success" | "failure" | "delay")[];
  /** The original recipient with its type, such as `rfc822;a@example.com`, not encoded. */
  readonly orcpt: string | null;
}
