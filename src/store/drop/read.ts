// Reads a drop message by message, without trusting anything it says. src/app/drops plans each
// message anew before it is queued.

import { Turns } from "../../system/time.ts";
import {
  broken,
  decodeFields,
  type DroppedFields,
  FIRST_LINE,
  FRAME_BYTES,
  lastLine,
  MAX_FIELDS_BYTES,
  MAX_MESSAGES,
  readFrame,
} from "./format.ts";

/** A message as a drop tells it; nothing of it is to be trusted but that it is well formed. */
export interface DroppedMessage {
  readonly fields: DroppedFields;
  readonly sizeBytes: number;
  /** The first bytes: all of them if they are no more than `WHOLE_BYTES`. */
  readonly head: Uint8Array;
  /** The others, to be read once, before the next message is asked for; each piece is good until the
   *  next. */
  readonly rest: AsyncIterable<Uint8Array>;
}

/** What a drop is read from, such as an open file. */
export interface DropBytes {
  readonly sizeBytes: number;
  /** Puts bytes into `into` and returns how many; null at the end. */
  readSync(into: Uint8Array): number | null;
}

/** Messages up to this size are read whole. */
export const WHOLE_BYTES = 1024 * 1024;
const PIECE_BYTES = 256 * 1024;
const END_BYTES = lastLine(0).length;

/** The messages of a drop, one after another. Throws `bad_message` as soon as something is not as it
 *  must be; only once it has ended is the drop known to be whole. It takes memory for what is
 *  there, never for what is claimed. */
export function* readDrop(source: DropBytes): Generator<DroppedMessage> {
  const input = new Input(source);
  if (input.text(FIRST_LINE.length) !== FIRST_LINE) {
    throw broken("it does not begin as one of this version");
  }
  for (let messages = 0;; messages++) {
    const start = input.text(END_BYTES);
    const frame = readFrame(
      start.startsWith("end ") ? start : start + input.text(FRAME_BYTES - END_BYTES),
    );
    if ("messages" in frame) {
      if (frame.messages !== messages) throw broken("it says to have another number of messages");
      if (messages === 0) throw broken("it holds no message");
      if (input.left > 0 || !input.hasEnded()) throw broken("something follows its end");
      return;
    }
    if (messages === MAX_MESSAGES) throw broken(`it holds more than ${MAX_MESSAGES} messages`);
    const { fieldsBytes, contentBytes } = frame;
    if (fieldsBytes > MAX_FIELDS_BYTES) throw broken("an envelope is too large");
    if (fieldsBytes + contentBytes > input.left) throw broken("it is cut short");
    const fields = decodeFields(input.bytes(fieldsBytes));
    const end = input.left - contentBytes;
    const head = input.bytes(contentBytes <= WHOLE_BYTES ? contentBytes : PIECE_BYTES);
    yield { fields, sizeBytes: contentBytes, head, rest: input.until(end) };
    if (input.left !== end) throw new Error("A message of a drop was not read to its end");
  }
}

class Input {
  /** Bytes that should still be there. */
  left: number;

  constructor(readonly source: DropBytes) {
    this.left = source.sizeBytes;
  }

  bytes(count: number): Uint8Array {
    if (count > this.left) throw broken("it is cut short");
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count;) at += this.#read(bytes.subarray(at));
    return bytes;
  }

  /** ASCII; whatever else is there stands for itself. */
  text(count: number): string {
    return String.fromCharCode(...this.bytes(count));
  }

  async *until(left: number): AsyncGenerator<Uint8Array> {
    if (this.left === left) return;
    const piece = new Uint8Array(PIECE_BYTES);
    const turns = new Turns();
    while (this.left > left) {
      await turns.give();
      yield piece.subarray(0, this.#read(piece.subarray(0, this.left - left)));
    }
  }

  /** The file may have grown since its size was asked for. */
  hasEnded(): boolean {
    return this.source.readSync(new Uint8Array(1)) === null;
  }

  #read(into: Uint8Array): number {
    const count = this.source.readSync(into);
    // Its writer may cut it off under our hands.
    if (count === null) throw broken("it is cut short");
    this.left -= count;
    return count;
  }
}
