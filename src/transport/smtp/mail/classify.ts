// What a reply, or the end of a connection, means in each phase of an SMTP conversation: one table,
// read from above. Asked by whoever opens a session and by the transaction; acting on the answer is
// left to them.

import type { OutcomeKind, Phase } from "../../../queue/outcome.ts";
import type { BreakKind } from "../connection/broken.ts";

/** What is being done in each phase, for people. */
export const STEP: Readonly<Record<Phase, string>> = {
  connect: "Connecting",
  greeting: "Waiting for the greeting",
  tls: "Beginning TLS",
  hello: "EHLO",
  auth: "AUTH",
  reset: "RSET",
  mail: "MAIL FROM",
  rcpt: "RCPT TO",
  data: "DATA",
  content: "Sending the content",
  dot: "Waiting for the reply to the content",
};

/** What happened: a reply's codes, or the way the connection broke. */
export type Happening =
  | { readonly code: number; readonly enhanced: string | null }
  | BreakKind;

interface Circumstances {
  /** The connection has carried an earlier message. */
  readonly isUsed: boolean;
  /** The relay has accepted recipients of this transaction and takes no more of them. */
  readonly isFull: boolean;
}

/** What the session does next. */
export type NextStep =
  /** Goes on with the transaction, or ends it with RSET. */
  | "continue"
  /** Tries the recipient again in a new transaction, at once. */
  | "new_transaction"
  /** Tries all open recipients on a new connection, once a hand-over; then the outcome holds. */
  | "reconnect"
  /** Leaves the connection. */
  | "close";

export interface Verdict {
  readonly kind: OutcomeKind;
  readonly isRelayFault: boolean;
  readonly next: NextStep;
}

interface Row extends Verdict {
  /** Null = any. */
  readonly phases: readonly Phase[] | null;
  /** The replies meant; `4xx` stands for a class, null for every one. Absent: none. */
  readonly codes?: readonly string[] | null;
  readonly enhanced?: RegExp;
  /** The breaks meant. Absent: none. */
  readonly breaks?: readonly BreakKind[];
  readonly when?: keyof Circumstances;
}

const accepted = { kind: "sent", isRelayFault: false, next: "continue" } as const;
const deferred = { kind: "deferred", isRelayFault: false, next: "continue" } as const;
const failed = { kind: "failed", isRelayFault: false, next: "continue" } as const;
const relayFault = { kind: "deferred", isRelayFault: true, next: "close" } as const;
const broken = { kind: "deferred", isRelayFault: false, next: "close" } as const;
const uncertain = { kind: "uncertain", isRelayFault: false, next: "close" } as const;

const SETUP = ["connect", "greeting", "tls", "hello", "auth"] as const;
const TRANSACTION = ["mail", "rcpt", "data", "content", "dot"] as const;
const ANY_BREAK = ["lost", "timeout", "garbage", "tls", "certificate", "login"] as const;

/** The reply table; the first row that fits decides. */
const TABLE: readonly Row[] = [
  { phases: ["greeting", "hello", "reset", "mail", "rcpt", "dot"], codes: ["2xx"], ...accepted },
  { phases: ["data"], codes: ["354"], ...accepted },
  // Our login is refused or missing: that is no fault of any message.
  { phases: ["rcpt"], codes: ["530", "535"], ...relayFault, next: "continue" },
  { phases: null, codes: ["530", "535"], ...relayFault },
  { phases: ["rcpt"], codes: null, enhanced: /^[45]\.7\.[89]$/, ...relayFault, next: "continue" },
  { phases: null, codes: null, enhanced: /^[45]\.7\.[89]$/, ...relayFault },
  { phases: ["hello", "tls", "auth"], codes: ["421"], ...relayFault, next: "reconnect" },
  { phases: SETUP, codes: null, ...relayFault },
  { phases: ["reset"], codes: null, ...broken, next: "reconnect" },
  { phases: TRANSACTION, codes: ["421"], ...deferred, next: "reconnect" },
  { phases: ["mail"], codes: ["4xx"], when: "isUsed", ...deferred, next: "reconnect" },
  {
    phases: ["rcpt"],
    codes: ["4xx", "5xx"],
    when: "isFull",
    ...deferred,
    next: "new_transaction",
  },
  { phases: TRANSACTION, codes: ["4xx"], ...deferred },
  { phases: TRANSACTION, codes: ["5xx"], ...failed },
  // A reply that has no meaning here.
  { phases: ["dot"], codes: null, ...uncertain },
  { phases: null, codes: null, ...relayFault },

  { phases: null, breaks: ["stopped"], ...broken },
  { phases: ["dot"], breaks: ANY_BREAK, ...uncertain },
  // Nothing of the message was said yet; some servers know no RSET.
  { phases: ["reset"], breaks: ANY_BREAK, ...broken, next: "reconnect" },
  { phases: null, breaks: ["garbage"], ...relayFault },
  { phases: SETUP, breaks: ANY_BREAK, ...relayFault },
  // The server closed an idle connection before it had seen anything of this message.
  {
    phases: ["mail"],
    breaks: ["lost"],
    when: "isUsed",
    ...broken,
    next: "reconnect",
  },
  { phases: null, breaks: ANY_BREAK, ...broken },
];

/** Reads the table. */
export function classify(
  phase: Phase,
  happening: Happening,
  circumstances: Circumstances,
): Verdict {
  for (const row of TABLE) {
    const isFit = (row.phases === null || row.phases.includes(phase)) &&
      (row.when === undefined || circumstances[row.when]) && fits(row, happening);
    if (isFit) return row;
  }
  return relayFault;
}

function fits(row: Row, happening: Happening): boolean {
  if (typeof happening === "string") return row.breaks?.includes(happening) ?? false;
  if (row.codes === undefined) return false;
  const code = String(happening.code);
  const isCode = row.codes === null ||
    row.codes.some((pattern) => pattern === code || pattern === `${code[0]}xx`);
  return isCode && (row.enhanced === undefined || row.enhanced.test(happening.enhanced ?? ""));
}

/** Whether a reply lets its phase go on, without a look at the table: the quick way for the
 *  replies that most commands get. */
export function isPositive(phase: Phase, code: number): boolean {
  return phase === "data" ? code === 354 : code >= 200 && code < 300;
}
