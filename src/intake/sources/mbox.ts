// Reads the messages of mbox files one by one, in either of two quotings. `enqueue --mbox` calls it;
// what becomes of each message is prepare.ts's matter.

import { MailqError } from "../../queue/errors.ts";
import { skipLineEnd } from "../header/headers.ts";
import { attempt, type ByteSource, type Input, readSource, Scratch } from "./files.ts";

/** How a file tells a line of a message from the line that begins the next one. In both a message
 *  begins with a separator, at the start of the file or below an empty line: `From `, a sender and a
 *  date. In a file whose first one has no date, every line that begins with `From ` is one.
 *
 *  `mboxrd` writers put one `>` before every line of any number of `>` and then `From `; it is taken
 *  away again. `mboxo` writers do so only where there is none yet, so nobody can tell afterwards
 *  which were theirs: the lines stay as they stand in the file. */
const MBOX_FORMATS = ["mboxrd", "mboxo"] as const;
export type MboxFormat = typeof MBOX_FORMATS[number];

/** The messages of mbox files, one after another; `-` is `stdin`. The empty line before the next
 *  `From ` line, or before the end of the file, is no part of a message. Line ends may be LF,
 *  CRLF or CR CR LF. Of a file no more than 256 KB are in memory, besides the message at hand. An
 *  empty file holds no message. Throws `input_unreadable`, and `bad_message` for a file that is no mbox. */
export function* mboxInputs(
  paths: readonly string[],
  stdin: ByteSource,
  format: MboxFormat,
): Generator<Input> {
  const scratch = new Scratch();
  for (const path of paths) {
    if (path === "-") yield* messagesOf("standard input", path, stdin, format, scratch);
    else {
      using file = attempt(path, () => Deno.openSync(path));
      yield* messagesOf(path, path, file, format, scratch);
    }
  }
}

function* messagesOf(
  title: string,
  path: string,
  source: ByteSource,
  format: MboxFormat,
  scratch: Scratch,
): Generator<Input> {
  const reader = new MboxReader(title, path, source, format);
  for (let n = 1; reader.next(); n++) {
    yield {
      name: `${title}, message ${n}`,
      read: () => readSource(path, reader, () => {}, scratch),
    };
  }
}

const ROOM_BYTES = 256 * 1024;
const LF = 10, CR = 13, MARK = 62;
const FROM = Uint8Array.from("From ", (character) => character.charCodeAt(0));
/** A longer line is no separator. */
const MAX_SEPARATOR_BYTES = 1024;
const TIME = "\\d{1,2}:\\d\\d(?::\\d\\d)?(?: +(?:[A-Z]{1,5}|[+-]\\d{4})){0,2}";
const DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
const YEAR = "(?:\\d\\d){1,2}";
/** Sender and date as programs write them: the C library's date with a zone before or behind the
 *  year, that of a mail, or ISO 8601; and what UUCP puts behind it. */
const SEPARATOR = new RegExp(
  "^From (?:.* )?(?:" +
    `${DAY} +${MONTH} +\\d{1,2} +${TIME} +${YEAR}(?: +[+-]\\d{4})?|` +
    `(?:${DAY}, +)?\\d{1,2} +${MONTH} +${YEAR} +${TIME}(?: +\\([A-Za-z]+\\))?|` +
    `\\d{4}-\\d\\d-\\d\\d[T ]${TIME}(?:Z|[+-]\\d\\d:\\d\\d)?` +
    ")(?: +remote from \\S+)?\\s*$",
);

const decoder = new TextDecoder("latin1");

/** What stands where the reader is: the beginning of a line, one behind nothing but `>`, or the
 *  middle of one. */
type Place = "line" | "marks" | "inside";

/** Gives the messages of an mbox file one by one, each as a source that ends. Time is linear in the
 *  file's length, whatever its lines are. */
class MboxReader implements ByteSource {
  readonly #room = new Uint8Array(ROOM_BYTES);
  #from = 0;
  #to = 0;
  #isAtEnd = false;
  #place: Place = "line";
  #hasBegun = false;
  /** Whether separators have a date: null before the first. */
  #hasDates: boolean | null = null;

  constructor(
    /** What to call the file in a complaint. */
    readonly title: string,
    readonly path: string,
    readonly source: ByteSource,
    readonly format: MboxFormat,
  ) {}

  /** Goes to the next message, past what is left of this one; false if there is none. */
  next(): boolean {
    if (this.#hasBegun) {
      while (this.#give(ROOM_BYTES) > 0);
    }
    this.#skipEmptyLines();
    if (!this.#has(1)) return false;
    if (!this.#has(FROM.length) || !this.#isFromAt(this.#from)) throw this.#noMbox();
    this.#hasDates ??= this.#isDatedHere();
    this.#hasBegun = true;
    this.#skipLine();
    this.#place = "line";
    return true;
  }

  /** Bytes of the message at hand; null at its end. */
  readSync(into: Uint8Array): number | null {
    const count = this.#give(into.length, into);
    return count === 0 ? null : count;
  }

  /** Takes up to `limit` bytes of the message, and returns how many; 0 at its end. */
  #give(limit: number, into?: Uint8Array): number {
    for (;;) {
      const count = this.#survey(limit);
      if (count > 0) {
        into?.set(this.#room.subarray(this.#from, this.#from + count));
        this.#from += count;
        return count;
      }
      if (count === 0) return 0;
    }
  }

  /** How many bytes from here on belong to the message, as they are; 0 at its end; -1 if a quoting
   *  `>` was dropped or more was read, and one has to look again. */
  #survey(limit: number): number {
    const stop = Math.min(this.#to, this.#from + limit);
    const room = this.#room.subarray(0, stop);
    let at = this.#from;
    while (at < stop) {
      if (this.#place === "inside") {
        const lf = room.indexOf(LF, at);
        if (lf < 0) return stop - this.#from;
        at = lf + 1;
        this.#place = "line";
        continue;
      }
      const byte = room[at];
      const isMark = byte === MARK && this.format === "mboxrd";
      const isEmptyLine = this.#place === "line" && (byte === LF || byte === CR);
      if (!isMark && !isEmptyLine) {
        this.#place = "inside";
        continue;
      }
      // CR, CR, LF and what a From line begins with; a mark needs less.
      if (this.#to - at < FROM.length + 3 && !this.#isAtEnd) break;
      if (isMark) {
        if (this.#isFromAt(at + 1)) {
          if (at > this.#from) return at - this.#from;
          this.#from++;
          this.#place = "inside";
          return -1;
        }
        this.#place = "marks";
        at++;
        continue;
      }
      const below = this.#belowEmptyLine(at);
      const isEnd = below !== null && (below === this.#to || this.#isSeparatorAt(below));
      if (isEnd === null) break;
      if (below === null) this.#place = "inside";
      else if (isEnd) return at - this.#from;
      else if (below <= stop) at = below;
      else {
        // Between its CR and LF: what is left of the line is no empty line of its own.
        at = stop;
        this.#place = "inside";
      }
    }
    if (at > this.#from) return at - this.#from;
    return this.#fill() ? -1 : 0;
  }

  /** Where the line below an empty line begins; null if the line is not empty. */
  #belowEmptyLine(at: number): number | null {
    const end = skipLineEnd(this.#room.subarray(0, this.#to), at);
    return this.#room[end - 1] === LF && end > at ? end : null;
  }

  /** Whether a message begins at `at`; null if the room does not hold enough to tell. */
  #isSeparatorAt(at: number): boolean | null {
    if (!this.#isFromAt(at) || !this.#hasDates) return this.#isFromAt(at);
    return this.#isDatedAt(at);
  }

  /** Whether the line at `at` has a sender and a date; null if the room does not hold enough of it. */
  #isDatedAt(at: number): boolean | null {
    const line = this.#room.subarray(at, Math.min(this.#to, at + MAX_SEPARATOR_BYTES));
    const lf = line.indexOf(LF);
    if (lf >= 0) return SEPARATOR.test(decoder.decode(line.subarray(0, lf)));
    if (line.length === MAX_SEPARATOR_BYTES) return false;
    return this.#isAtEnd ? SEPARATOR.test(decoder.decode(line)) : null;
  }

  #isDatedHere(): boolean {
    for (;;) {
      const isDated = this.#isDatedAt(this.#from);
      if (isDated !== null) return isDated;
      this.#fill();
    }
  }

  #isFromAt(at: number): boolean {
    if (at + FROM.length > this.#to) return false;
    return FROM.every((byte, i) => this.#room[at + i] === byte);
  }

  #skipEmptyLines(): void {
    while (this.#has(1)) {
      this.#has(3);
      const below = this.#belowEmptyLine(this.#from);
      if (below === null) return;
      this.#from = below;
    }
  }

  #skipLine(): void {
    while (this.#has(1)) {
      const lf = this.#room.subarray(this.#from, this.#to).indexOf(LF);
      if (lf >= 0) {
        this.#from += lf + 1;
        return;
      }
      this.#from = this.#to;
    }
  }

  /** Whether there are so many bytes, read or to be read. */
  #has(count: number): boolean {
    while (this.#to - this.#from < count) {
      if (!this.#fill()) return false;
    }
    return true;
  }

  /** Reads on; false at the end of the file. */
  #fill(): boolean {
    if (this.#isAtEnd) return false;
    this.#room.copyWithin(0, this.#from, this.#to);
    this.#to -= this.#from;
    this.#from = 0;
    const count = attempt(this.path, () => this.source.readSync(this.#room.subarray(this.#to)));
    if (count === null) this.#isAtEnd = true;
    else this.#to += count;
    // At the end there may be bytes that waited for what comes behind them.
    return count !== null || this.#to > 0;
  }

  #noMbox(): MailqError {
    const end = Math.min(this.#to, this.#from + 40);
    const text = new TextDecoder().decode(this.#room.subarray(this.#from, end)).split("\n")[0];
    return new MailqError(
      "bad_message",
      `${this.title}: it is no mbox: expected a line that begins with "From ", found ` +
        JSON.stringify(text),
    );
  }
}
