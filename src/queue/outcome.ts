// What one attempt brought: for each recipient, and as a whole. Transports report it, delivery judges
// it, stores keep it.

/** What an attempt meant for one recipient. */
export const OUTCOME_KINDS = ["sent", "deferred", "failed", "uncertain"] as const;
export type OutcomeKind = typeof OUTCOME_KINDS[number];

/** Where in a conversation with a relay something happened. `content` lasts until the final dot has
 *  been written, `dot` from there to its reply. */
export type Phase =
  | "connect"
  | "greeting"
  | "tls"
  | "hello"
  | "auth"
  | "reset"
  | "mail"
  | "rcpt"
  | "data"
  | "content"
  | "dot";

/** What an attempt was as a whole. */
export const ATTEMPT_RESULTS = ["sent", "partial", "deferred", "failed", "uncertain"] as const;
export type AttemptResult = typeof ATTEMPT_RESULTS[number];

/** A reply of a relay, or what stands in its place where none came. */
export interface Reply {
  /** The three digits, or null where no reply came. */
  readonly code: number | null;
  /** The enhanced status code (RFC 3463), such as `5.1.1`. */
  readonly enhanced: string | null;
  /** The reply's text without its codes, lines joined by LF; or what happened instead. */
  readonly text: string;
}

/** One recipient's outcome of one attempt. */
export interface Outcome extends Reply {
  readonly address: string;
  readonly kind: OutcomeKind;
  /** The relay took it and passes no notices on, and the sender wants to know that it arrives. */
  readonly owesNotice?: boolean;
}

/** The result of an attempt from its outcomes, of which there is at least one. */
export function deriveResult(kinds: readonly OutcomeKind[]): AttemptResult {
  const has = (kind: OutcomeKind) => kinds.includes(kind);
  if (kinds.every((kind) => kind === "sent")) return "sent";
  if (has("sent")) return "partial";
  if (has("uncertain")) return "uncertain";
  return has("deferred") ? "deferred" : "failed";
}
