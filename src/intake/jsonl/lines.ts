// Finds the lines in a source of JSON lines, one in memory at a time. Called by inputs.ts; what a
// line says is line_message.ts's work.

import { MailqError } from "../../queue/errors.ts";
import { attempt, type ByteSource } from "../sources/files.ts";

const ROOM_BYTES = 256 * 1024;
const LF = 10;

/** One line of the input. */
interface Line {
  /** From 1. */
  readonly number: number;
  /** Without its LF; good until the next line is asked for. */
  readonly bytes: Uint8Array;
}

/** The lines of a source, one after the other: memory holds one of them. A last line needs no end.
 *  Throws `input_unreadable`, and for a line over `limitBytes` `bad_message`, which begins with
 *  `prefix`. */
export function* readLines(
  name: string,
  source: ByteSource,
  prefix: string,
  limitBytes: number,
): Generator<Line> {
  let room = new Uint8Array(ROOM_BYTES);
  // What was read and not yet given out is room[start..end); no LF is before `searched`.
  let [start, end, searched] = [0, 0, 0];
  for (let number = 1;; number++) {
    let lf = room.subarray(0, end).indexOf(LF, searched);
    while (lf < 0) {
      searched = end;
      if (end - start > limitBytes) throw tooLong(`${prefix}line ${number}`, limitBytes);
      if (end === room.length) {
        // The line moves to the front; one that fills more than half gets twice the room.
        const next = end - start > room.length / 2 ? new Uint8Array(room.length * 2) : room;
        next.set(room.subarray(start, end));
        [room, start, end, searched] = [next, 0, end - start, searched - start];
      }
      const count = attempt(name, () => source.readSync(room.subarray(end)));
      if (count === null) {
        if (end > start) yield { number, bytes: room.subarray(start, end) };
        return;
      }
      end += count;
      lf = room.subarray(0, end).indexOf(LF, searched);
    }
    if (lf - start > limitBytes) throw tooLong(`${prefix}line ${number}`, limitBytes);
    yield { number, bytes: room.subarray(start, lf) };
    start = searched = lf + 1;
    if (start === end) start = end = searched = 0;
    // A line as long as a large message is not kept for the small ones after it.
    if (end === 0 && room.length > 16 * ROOM_BYTES) room = new Uint8Array(ROOM_BYTES);
  }
}

function tooLong(place: string, limitBytes: number): MailqError {
  return new MailqError(
    "bad_message",
    `${place}: Cannot read a line of more than ${limitBytes} bytes`,
  );
}
