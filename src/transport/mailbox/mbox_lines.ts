// The mbox format (mboxrd): the line that begins a message, and lines that must not look like it.
// Pure. For the relay `file:` and for exports.

import { joinBytes } from "../../system/bytes.ts";

const LF = 10, GREATER = 62, F = 70;
const FROM = Uint8Array.from("From ", (character) => character.charCodeAt(0));
const NOTHING: Uint8Array = new Uint8Array(0);

/** Quotes text for an mboxrd file, in pieces cut anywhere: a line of any number of `>` and then
 *  `From ` gets one `>` more, so that taking one away gives back the same bytes. */
export class FromQuoter {
  /** So far the line has nothing but `>`. */
  #isOpening = true;
  /** The beginning of a `From ` that the next piece may complete. */
  #held = NOTHING;

  push(piece: Uint8Array): Uint8Array {
    const bytes = this.#held.length === 0 ? piece : joinBytes([this.#held, piece]);
    this.#held = NOTHING;
    const offsets: number[] = [];
    let at = 0;
    while (at < bytes.length) {
      if (this.#isOpening) {
        if (bytes[at] === GREATER) {
          at++;
          continue;
        }
        const alike = bytes[at] === F ? likeness(bytes, at) : 0;
        if (alike === FROM.length) offsets.push(at);
        else if (alike > 0 && at + alike === bytes.length) {
          this.#held = bytes.slice(at);
          break;
        }
      }
      const lf = bytes.indexOf(LF, at);
      this.#isOpening = lf >= 0;
      at = lf < 0 ? bytes.length : lf + 1;
    }
    return quoted(bytes.subarray(0, at), offsets);
  }

  /** What was held back when the text ended. */
  end(): Uint8Array {
    const held = this.#held;
    this.#held = NOTHING;
    return held;
  }
}

/** How many bytes from `at` on are those of `From `. */
function likeness(bytes: Uint8Array, at: number): number {
  let size = 0;
  while (size < FROM.length && bytes[at + size] === FROM[size]) size++;
  return size;
}

function quoted(bytes: Uint8Array, offsets: readonly number[]): Uint8Array {
  if (offsets.length === 0) return bytes;
  const result = new Uint8Array(bytes.length + offsets.length);
  let from = 0;
  offsets.forEach((offset, i) => {
    result.set(bytes.subarray(from, offset), from + i);
    result[offset + i] = GREATER;
    from = offset;
  });
  result.set(bytes.subarray(from), from + offsets.length);
  return result;
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** The line that begins a message in an mbox file: the sender, and the date in UTC in the form of
 *  asctime(3). The sender is `MAILER-DAEMON` where it is null; a blank in it, which readers would
 *  take for its end, becomes `-`. */
export function fromLine(sender: string, now: number): string {
  const date = new Date(now);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = String(date.getUTCDate()).padStart(2, " ");
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(":");
  const month = `${DAYS[date.getUTCDay()]} ${MONTHS[date.getUTCMonth()]}`;
  const who = sender === "" ? "MAILER-DAEMON" : sender.replace(/\s/g, "-");
  return `From ${who} ${month} ${day} ${time} ${date.getUTCFullYear()}\n`;
}
