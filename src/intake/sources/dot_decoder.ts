// Finds the line of a single dot that ends a message's text, as sendmail(1) and SMTP's DATA have it,
// byte by byte as they come. Called by dotted_text.ts and by the SMTP server; line ends are mended
// later (header/line_ends.ts).

const LF = 10;
const CR = 13;
const DOT = 46;

/** What counts as the end, and what is given out. */
export interface DotRules {
  /** Whether a dot between bare LFs, or behind CR CR LF, may end the text too. If not, only CRLF, dot,
   *  CRLF does: what others might take for the end is then text like any other (no SMTP smuggling). */
  readonly takesBareLf: boolean;
  /** Whether a dot that begins a line and is not alone is dropped (RFC 5321 4.5.2). */
  readonly dropsDots: boolean;
}

/** Bytes that were read ahead and are taken from. */
interface TakenFrom {
  readonly bytes: Uint8Array;
  take(count: number): void;
}

type State =
  | "line start"
  | "text"
  /** A bare LF was read where it ends no text: clients that double dots behind it, such as Python's
   *  smtplib with bytes, are many, so one of two dots is dropped, as Postfix does. A single one, which
   *  they never send, stays: it is of a client that doubles none there (RFC 5321 2.3.8). */
  | "after LF"
  | "after LF, dot"
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

/** Copies a text up to the first line of a single dot, which is no part of it. */
export class DotDecoder {
  #state: State = "line start";
  #hasEnd = false;

  constructor(readonly rules: DotRules) {}

  /** Whether the line was there. */
  get hasEnd(): boolean {
    return this.#hasEnd;
  }

  /** Copies what is there, as far as there is room; returns how many bytes it gave. What lies behind
   *  the line is left. */
  copy(input: TakenFrom, into: Uint8Array): number {
    const { bytes } = input;
    const { dropsDots, takesBareLf } = this.rules;
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
          else state = takesBareLf ? "line start" : "after LF";
          break;
        }
        case "after LF":
          if (byte === DOT && dropsDots) {
            state = "after LF, dot";
            at++;
          } else state = "text";
          break;
        case "after LF, dot":
          if (byte === DOT) at++;
          into[to++] = DOT;
          state = "text";
          break;
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
    input.take(at);
    this.#state = state;
    return to;
  }

  /** At the input's end: what was held back is text after all. */
  giveHeld(into: Uint8Array): number {
    const [text, crs] = HELD[this.#state] ?? ["", 0];
    const isKept = !this.rules.dropsDots || this.#state === "after LF, dot";
    const held = isKept ? Array.from(text, () => DOT) : [];
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
  "after LF, dot": [".", 0],
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
