// What can go wrong: one class, stable codes that scripts may match, and the exit status of each.
// Everybody throws it; only main.ts exits.

/** What can go wrong, as stable codes that scripts may match, and the exit status of each
 *  (sysexits.h). */
export const EXIT_STATUS = {
  usage: 64,
  bad_message: 65,
  bad_address: 65,
  input_unreadable: 66,
  relay_unavailable: 69,
  mail_failed: 69,
  internal: 70,
  cannot_create: 73,
  io_error: 74,
  disk_full: 74,
  queue_corrupt: 74,
  output_failed: 74,
  batch_ended: 75,
  events_deleted: 75,
  busy: 75,
  mail_deferred: 75,
  permission: 77,
  config_invalid: 78,
  queue_foreign: 78,
  queue_newer: 78,
  // What shells exit with; only where a command is run on the user's behalf.
  command_not_executable: 126,
  command_not_found: 127,
} as const;

export type ErrorCode = keyof typeof EXIT_STATUS;

/** The one error class: says what failed, quotes the value, says what would be right. */
export class MailqError extends Error {
  override readonly name = "MailqError";
  constructor(readonly code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
  }

  /** The exit status of a program that ends with this error. */
  get exit(): number {
    return EXIT_STATUS[this.code];
  }
}

/** The text of whatever was thrown, for quoting in another message. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** An error again, of what is left of one that has crossed from another thread. */
export function errorFromThread(
  fault: { readonly code: string | null; readonly message: string; readonly stack: string | null },
): Error {
  for (const known of Object.keys(EXIT_STATUS)) {
    // The keys of an object literal are those of its type.
    if (known === fault.code) return new MailqError(known as ErrorCode, fault.message);
  }
  const error = new Error(fault.message);
  if (fault.stack !== null) error.stack = fault.stack;
  return error;
}
