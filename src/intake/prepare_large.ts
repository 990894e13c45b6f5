// As prepare.ts for input that is not held in memory: it goes through in pieces of 256 KB.
// Enqueue and the drop folder load it when such input comes.

import { MailqError } from "../queue/errors.ts";
import type { ContentFacts, NewMessage } from "../queue/message.ts";
import { joinBytes } from "../system/bytes.ts";
import { hasBlankLine, type Header, scanHeader } from "./header/headers.ts";
import { LineEnds, MAX_LINE_OCTETS } from "./header/line_ends.ts";
import { LongLineCounter, mayBeEncoded } from "./long_lines.ts";
import type { IntakeOptions } from "./options.ts";
import { checkSize, editAsPlanned, MAX_CUT_BYTES, planMessage, type Planner } from "./prepare.ts";

/** A message that is not held in memory. */
export interface PreparedLarge {
  readonly message: NewMessage;
  /** The message's bytes in pieces of 256 KB, the last one shorter; to be read once. Throws
   *  `bad_message` as soon as they are more than `max_size`, and what reading the input throws. */
  readonly pieces: AsyncIterable<Uint8Array>;
  /** What is known of the bytes once `pieces` has ended. */
  readonly facts: () => ContentFacts;
  readonly warnings: readonly string[];
  /** What else the sender should know, once `pieces` has ended. */
  readonly lateWarnings: () => readonly string[];
}

const PIECE_BYTES = 256 * 1024;
const MAX_HEADER_BYTES = 1024 * 1024;

/** Makes a message of input that comes in pieces, as `prepareMessage` does of the whole; memory
 *  stays flat. A piece of `rest` need be good only until the next is asked for. The header may
 *  have at most 1 MB, else it throws `bad_message`. */
export async function prepareStream(
  head: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
  options: IntakeOptions,
  makePlan: Planner = planMessage,
): Promise<PreparedLarge> {
  const input = rest[Symbol.asyncIterator]();
  const { bytes, header } = await readHeader(head, input);
  const plan = await makePlan(bytes, header, options);
  const lines = new LineEnds(true);
  const mayBeLong = options.settings.longLines === "encode" && mayBeEncoded(bytes, header);
  const long = mayBeLong ? new LongLineCounter() : null;
  let hasEnded = false;
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield* repack(normalised(editAsPlanned(bytes, header, plan), input, { lines, long, options }));
    hasEnded = true;
  }
  const facts = () => {
    if (!hasEnded) throw new Error("The facts of a message were asked for before its end");
    return lines.facts();
  };
  const lateWarnings = () => hasEnded && long !== null ? [...longWarning(long)] : [];
  return { message: plan.message, pieces: pieces(), facts, warnings: plan.warnings, lateWarnings };
}

/** Reads on until the whole header is there. */
async function readHeader(
  head: Uint8Array,
  input: AsyncIterator<Uint8Array>,
): Promise<{ bytes: Uint8Array; header: Header }> {
  let bytes = head;
  let header = scanHeader(bytes);
  // Below a header that breaks off a plan looks at the lines that follow, too.
  const isClosed = () =>
    header.isClosed &&
    (hasBlankLine(bytes, header) || bytes.length >= header.end + MAX_CUT_BYTES);
  while (!isClosed() && (header.isClosed || bytes.length < MAX_HEADER_BYTES)) {
    const next = await input.next();
    if (next.done) break;
    // Doubling at least: a header that comes byte by byte is not scanned a million times.
    const pieces = [bytes, next.value.slice()];
    let size = bytes.length + next.value.length;
    while (size < 2 * bytes.length) {
      const more = await input.next();
      if (more.done) break;
      pieces.push(more.value.slice());
      size += more.value.length;
    }
    bytes = joinBytes(pieces);
    header = scanHeader(bytes);
  }
  const isTooLong = header.end > MAX_HEADER_BYTES ||
    (!header.isClosed && bytes.length >= MAX_HEADER_BYTES);
  if (!isTooLong) return { bytes, header };
  throw new MailqError(
    "bad_message",
    `Cannot queue a message whose header is over ${MAX_HEADER_BYTES} bytes: expected a blank ` +
      "line after it",
  );
}

/** What a message's pieces go through. */
interface Normalising {
  readonly lines: LineEnds;
  /** Null where lines may be of any length. */
  readonly long: LongLineCounter | null;
  readonly options: IntakeOptions;
}

/** Long lines stay in a message that is not in memory: whether there are any is known only when the
 *  header that would say how they are encoded is gone. */
function* longWarning({ count }: LongLineCounter): Generator<string> {
  if (count === 0) return;
  yield `${count === 1 ? "a line is" : `${count} lines are`} over ${MAX_LINE_OCTETS} bytes long, ` +
    "which relays may refuse; a message of over 1 MB stays as it is";
}

async function* normalised(
  head: Uint8Array,
  input: AsyncIterator<Uint8Array>,
  { lines, long, options }: Normalising,
): AsyncGenerator<Uint8Array> {
  try {
    yield take(head, false);
    for (;;) {
      const next = await input.next();
      if (next.done) break;
      yield take(next.value, false);
    }
    yield take(new Uint8Array(0), true);
  } finally {
    await input.return?.();
  }

  function take(piece: Uint8Array, isLast: boolean): Uint8Array {
    const bytes = lines.push(piece, isLast);
    checkSize(lines.facts().sizeBytes, options, !isLast);
    long?.push(bytes);
    return bytes;
  }
}

/** The same bytes in pieces of one size, the last one shorter; each is an array of its own. */
async function* repack(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let full = new Uint8Array(PIECE_BYTES);
  let filled = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length;) {
      const count = Math.min(PIECE_BYTES - filled, piece.length - at);
      full.set(piece.subarray(at, at + count), filled);
      filled += count;
      at += count;
      if (filled === PIECE_BYTES) {
        yield full;
        full = new Uint8Array(PIECE_BYTES);
        filled = 0;
      }
    }
  }
  if (filled > 0) yield full.slice(0, filled);
}
