import { makeId } from "../../src/queue/ids.ts";
import type { AttemptRecord, Claim, RecipientChange } from "../../src/queue/claim.ts";
import { deriveResult, type OutcomeKind } from "../../src/queue/outcome.ts";
import type { Filter, ListOptions } from "../../src/queue/filter.ts";
import type { Store } from "../../src/queue/ports/store.ts";
import type { WholeMessage } from "../../src/queue/message.ts";

export const MINUTE_MS = 60_000;
/** When the messages of the tests were made, unless they say otherwise. */
export const START = 1_800_000_000_000;

const BYTES = new TextEncoder().encode("Subject: hello\r\n\r\nhello\r\n");

/** A message for the queue; what a test does not care about is filled in. */
export function newMessage(parts: Partial<WholeMessage> = {}): WholeMessage {
  const content = parts.content ?? BYTES;
  return {
    id: makeId(crypto.getRandomValues(new Uint8Array(12))),
    sender: "app@sender.example",
    recipients: ["ann@example.com"],
    priority: "normal",
    createdAt: START,
    sendAt: null,
    expiresAt: null,
    isHeld: false,
    tags: [],
    key: null,
    display: {
      subject: "hello",
      from: "App <app@sender.example>",
      to: "ann@example.com",
      messageId: "<1@sender.example>",
    },
    sizeBytes: content.length,
    dotLines: 0,
    isEightBit: false,
    content,
    ...parts,
  };
}

/** Enqueues a message and returns its id. */
export async function enqueued(store: Store, parts: Partial<WholeMessage> = {}): Promise<string> {
  const [one] = await store.enqueue([newMessage(parts)]);
  if (one === undefined) throw new Error("one message in, none out");
  return one.id;
}

/** How an attempt ends for one recipient; `retryAt` makes it deferred until then. */
export type Ending = "sent" | "failed" | "exhausted" | "uncertain" | { readonly retryAt: number };

const KINDS = { sent: "sent", failed: "failed", exhausted: "deferred", uncertain: "uncertain" };

export function changeOf(claim: Claim, n: number, ending: Ending): RecipientChange {
  const recipient = claim.recipients.find((one) => one.n === n);
  if (recipient === undefined) throw new Error(`the claim of ${claim.id} has no recipient ${n}`);
  const outcome = (typeof ending === "string" ? KINDS[ending] : "deferred") as OutcomeKind;
  const isDeferred = typeof ending !== "string" || ending === "uncertain";
  return {
    n,
    address: recipient.address,
    outcome,
    state: ending === "sent" ? "sent" : isDeferred ? "deferred" : "failed",
    reason: ending === "failed" ? "permanent" : ending === "exhausted" ? "retries" : null,
    nextAt: isDeferred ? (typeof ending === "string" ? START : ending.retryAt) : null,
    failures: recipient.failures + (ending === "sent" ? 0 : 1),
    code: ending === "sent" ? 250 : ending === "failed" ? 550 : 450,
    enhanced: ending === "sent" ? "2.0.0" : ending === "failed" ? "5.1.1" : "4.2.0",
    reply: ending === "sent" ? "ok" : ending === "failed" ? "no such user" : "later",
    suppresses: false,
  };
}

/** An attempt that ended the same way for all recipients of a claim, or as `endings` says for
 *  each place; recipients it leaves out were not reached. */
export function attemptOf(
  claim: Claim,
  endings: Ending | Readonly<Record<number, Ending>>,
  parts: Partial<AttemptRecord> = {},
): AttemptRecord {
  const isOne = typeof endings === "string" || "retryAt" in endings;
  const changes = isOne
    // Narrowed by isOne, which the compiler does not follow.
    ? claim.recipients.map(({ n }) => changeOf(claim, n, endings as Ending))
    : Object.entries(endings).map(([n, ending]) => changeOf(claim, Number(n), ending));
  return {
    claim,
    startedAt: START,
    durationMs: 7,
    relay: "default",
    host: "relay.example:25",
    tls: "TLSv1.3",
    result: changes.length === 0 ? "deferred" : deriveResult(changes.map((one) => one.outcome)),
    code: null,
    enhanced: null,
    reply: null,
    error: null,
    traceback: null,
    transcript: null,
    changes,
    endsClaim: true,
    ...parts,
  };
}

const NEWEST: ListOptions = { sort: "newest", after: null, limit: 0 };

/** The ids that a listing shows, in its order. */
export async function listed(
  store: Store,
  filter: Filter = {},
  options: Partial<ListOptions> = {},
): Promise<string[]> {
  const ids: string[] = [];
  for await (const message of store.list(filter, { ...NEWEST, ...options })) ids.push(message.id);
  return ids;
}

/** All bytes of a stream. */
export async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of pieces) parts.push(new Uint8Array(piece));
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** Bytes of every value, 8-bit and NUL among them, different at each place. */
export function awkwardBytes(sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  for (let i = 0; i < sizeBytes; i++) bytes[i] = (i * 31 + (i >> 8)) & 255;
  return bytes;
}

/** The bytes in pieces of a size of their own. */
export async function* inPiecesOf(
  bytes: Uint8Array,
  pieceBytes: number,
): AsyncIterable<Uint8Array> {
  for (let from = 0; from < bytes.length; from += pieceBytes) {
    yield await bytes.subarray(from, from + pieceBytes);
  }
}
