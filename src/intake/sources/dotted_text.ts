// A message's text up to the line of a single dot, as sendmail(1) and SMTP's DATA end it. Those two
// read through it; line ends are mended later (header/line_ends.ts).

import type { ReadAhead } from "./read_ahead.ts";
import type { ByteSource } from "./files.ts";

const LF = 10;
const CR = 13;
const DOT = 46;

export interface DottedTextOptions {
  /** Whether a bare LF and CR CR LF end a line too. If not, only CRLF does: a line that others might
   *  take for the end is then text like any other (no SMTP smuggling). */
  readonly takesBareLf: boolean;
  /** Whether a dot that begins a line and is not alone is dropped (RFC 5321 4.5.2). */
  readonly dropsDots: boolean;
  /** Called where the input ends without the line; what it throws is thrown. */
  readonly onMissingEnd?: () => void;
}

type State =
  | "line start"
  | "text"
  | "after CR"
  /** A dot that begins a line was read and is not given out yet. */
  | "dot"
  /** As `dot`, and a CR behind it. */
  | "dot, CR"
  /** As that, and one more CR. */
  | "dot, CR CR"
  /** The CRs of those are still to be given out. */
  | "held CR"
  | "held CR CR"
  | "over";

/** A text that ends at the first line of a single dot, which is no part of it. Its bytes come from
 *  `input`, where what lies behind that line is left. */
export class DottedText implements ByteSource {
  #state: State = "line start";
  #hasEnd = false;

  constructor(readonly input: ReadAhead, readonly options: DottedTextOptions) {}

  /** Whether the line was there. */
  get hasEnd(): boolean {
    return this.#hasEnd;
  }

  readSync(into: Uint8Array): number | null {
    let filled = 0;
    while (filled === 0 && this.#state !== "over") {
      if (this.input.bytes.length === 0 && !this.input.more()) {
        filled = this.#giveHeld(into);
        if (filled === 0) {
          this.#state = "over";
          this.options.onMissingEnd?.();
        }
      } else filled = this.#copy(into);
    }
    return filled === 0 ? null : filled;
  }

  /** Copies what is read ahead, as far as there is room; returns how many bytes it gave. */
  #copy(into: Uint8Array): number {
    const { bytes } = this.input;
    const { dropsDots, takesBareLf } = this.options;
    let state = this.#state;
    let at = 0;
    let to = 0;
    while (at < bytes.length && to < into.length && state !== "over") {
      const byte = bytes[at];
      switch (state) {
        case "line start":
          if (byte !== DOT) {
            state = "text";
            break;
          }
          state = "dot";
          at++;
          break;
        case "text": {
          const end = textEnd(bytes, at, into.length - to);
          into.set(bytes.subarray(at, end), to);
          to += end - at;
          at = end;
          if (at === bytes.length || to === into.length) break;
          const lineEnd = bytes[at++] ?? 0;
          into[to++] = lineEnd;
          if (lineEnd === CR) state = "after CR";
          else if (takesBareLf) state = "line start";
          break;
        }
        case "after CR":
          if (byte === LF) {
            into[to++] = LF;
            at++;
            state = "line start";
          } else state = "text";
          break;
        case "dot":
          if (byte === CR) {
            state = "dot, CR";
            at++;
          } else if (byte === LF && takesBareLf) {
            state = "over";
            this.#hasEnd = true;
            at++;
          } else {
            if (!dropsDots) into[to++] = DOT;
            state = "text";
          }
          break;
        case "dot, CR":
          if (byte === LF) {
            state = "over";
            this.#hasEnd = true;
            at++;
          } else if (byte === CR && takesBareLf) {
            state = "dot, CR CR";
            at++;
          } else {
            if (!dropsDots) into[to++] = DOT;
            state = "held CR";
          }
          break;
        case "dot, CR CR":
          if (byte === LF) {
            state = "over";
            this.#hasEnd = true;
            at++;
          } else {
            if (!dropsDots) into[to++] = DOT;
            state = "held CR CR";
          }
          break;
        case "held CR CR":
          into[to++] = CR;
          state = "held CR";
          break;
        case "held CR":
          into[to++] = CR;
          state = "after CR";
      }
    }
    this.input.take(at);
    this.#state = state;
    return to;
  }

  /** At the input's end: what was held back is text after all. */
  #giveHeld(into: Uint8Array): number {
    const [text, crs] = HELD[this.#state] ?? ["", 0];
    const held = this.options.dropsDots ? [] : Array.from(text, () => DOT);
    for (let n = 0; n < crs; n++) held.push(CR);
    const given = held.slice(0, into.length);
    into.set(given);
    const left = held.length - given.length;
    this.#state = left === 2 ? "held CR CR" : left === 1 ? "held CR" : "text";
    return given.length;
  }
}

/** What is held back in a state: a dot, or none, and how many CRs. */
const HELD: Partial<Record<State, readonly [dot: "." | "", crs: number]>> = {
  "dot": [".", 0],
  "dot, CR": [".", 1],
  "dot, CR CR": [".", 2],
  "held CR": ["", 1],
  "held CR CR": ["", 2],
};

/** Where the run of text from `at` ends: before a CR or LF, or after `limit` bytes. */
function textEnd(bytes: Uint8Array, at: number, limit: number): number {
  const stop = Math.min(bytes.length, at + limit);
  while (at < stop && bytes[at] !== LF && bytes[at] !== CR) at++;
  return at;
}
