// What runs in the thread of claim_thread.ts: claims and records on a connection of its own, one
// request after another, and packs what goes over.

import { answerQuestions } from "../../../system/thread.ts";
import type { Claim } from "../../../queue/claim.ts";
import { Breaks } from "./breaks.ts";
import { claimDue, type NumberedRequest } from "./claim.ts";
import { Connection, WORKER_WAITS } from "../db/connection.ts";
import { record, type RecordableAttempt } from "./record.ts";

export type ThreadRequest =
  | { readonly kind: "open"; readonly path: string }
  | { readonly kind: "close" }
  | {
    readonly kind: "claim";
    readonly request: NumberedRequest;
    readonly now: number;
  }
  | {
    readonly kind: "record";
    /** JSON of a list of RecordableAttempt. */
    readonly attempts: string;
    readonly keepsBodies: boolean;
    readonly now: number;
  };

export type ThreadAnswer =
  | { readonly kind: "opened" | "closed" }
  | {
    readonly kind: "claimed";
    /** JSON of a list of WireClaim. */
    readonly claims: string;
    readonly bodies: readonly ArrayBuffer[];
    readonly expired: number;
    readonly suppressed: number;
  }
  | { readonly kind: "recorded"; readonly lost: readonly number[] };

/** A claim whose bytes, if they came with it, are in one of the `bodies`: which one, where they
 *  begin, and how many they are. */
export interface WireClaim extends Omit<Claim, "content"> {
  readonly content: readonly [number, number, number] | null;
}

/** Bodies from this size on go over as they are; smaller ones together, in pieces: as long as one
 *  of them is kept, so is its piece. */
const LARGE_BYTES = 16 * 1024;
const PIECE_BYTES = 16 * 1024;

let db: Connection | null = null;
/** One request after another: there is one connection. */
let turn: Promise<unknown> = Promise.resolve();
let waiting = 0;
const breaks = new Breaks();
const maybeRest = () => breaks.maybeRest();

answerQuestions(inTurn, (answer) => answer.kind === "claimed" ? answer.bodies : []);

function inTurn(request: ThreadRequest): Promise<ThreadAnswer> {
  if (waiting++ === 0) breaks.beginWork();
  const answered = turn.then(() => answer(request)).finally(() => {
    if (--waiting === 0) breaks.endWork();
  });
  turn = answered.catch(() => {});
  return answered;
}

async function answer(request: ThreadRequest): Promise<ThreadAnswer> {
  if (request.kind === "open") {
    db = await Connection.open({ path: request.path, create: false, ...WORKER_WAITS });
    return { kind: "opened" };
  }
  if (db === null) throw new Error("the thread has no queue");
  const open = db;
  if (request.kind === "close") {
    open.close();
    return { kind: "closed" };
  }
  if (request.kind === "record") {
    const attempts: readonly RecordableAttempt[] = JSON.parse(request.attempts);
    const { keepsBodies, now } = request;
    return {
      kind: "recorded",
      ...await open.write(() => record(open, attempts, { now, keepsBodies, onEach: maybeRest })),
    };
  }
  const { claims, ...rest } = await claimDue(
    open,
    request.request,
    () => request.now,
    maybeRest,
  );
  return { kind: "claimed", ...pack(claims), ...rest };
}

function pack(claims: readonly Claim[]): { claims: string; bodies: ArrayBuffer[] } {
  const bodies: ArrayBuffer[] = [];
  let left = claims.reduce(
    (sum, { content }) => content === null || isLarge(content) ? sum : sum + content.length,
    0,
  );
  let piece = new Uint8Array(0);
  let end = 0;
  const wired = claims.map((claim): WireClaim => {
    const { content } = claim;
    if (content === null) return { ...claim, content };
    if (isLarge(content)) {
      // One that shares its memory with others could not be given away.
      const own = content.buffer.byteLength === content.length ? content : content.slice();
      const which = bodies.push(own.buffer as ArrayBuffer) - 1;
      return { ...claim, content: [which, 0, content.length] };
    }
    if (piece.length === 0 || end + content.length > piece.length) {
      piece = new Uint8Array(Math.min(PIECE_BYTES, left));
      end = 0;
      bodies.push(piece.buffer);
    }
    piece.set(content, end);
    left -= content.length;
    end += content.length;
    const at = end - content.length;
    return { ...claim, content: [bodies.indexOf(piece.buffer), at, content.length] };
  });
  return { claims: JSON.stringify(wired), bodies };
}

function isLarge(content: Uint8Array): boolean {
  return content.length >= LARGE_BYTES;
}
