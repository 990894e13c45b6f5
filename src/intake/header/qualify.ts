// Gives bare names in address fields a domain: `From: root (Cron Daemon)` is refused by many
// relays, or completed with a domain of theirs. Works on the bytes of one field's value and changes
// nothing but the bare names. prepare.ts decides where it may: never in a signed message.

const TAB = 9;
const LF = 10;
const CR = 13;
const BLANK = 32;
const QUOTE = 34;
const OPEN_COMMENT = 40;
const CLOSE_COMMENT = 41;
const COMMA = 44;
const COLON = 58;
const SEMICOLON = 59;
const OPEN_ANGLE = 60;
const CLOSE_ANGLE = 62;
const BACKSLASH = 92;

/** A bare name in a field's value: the bytes from `start` to `end`. */
interface BareName {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** The bare names among the addresses of a list (RFC 5322 3.4) that stands from `start` to `end`.
 *  An entry of several words without an address, such as `Joe Bloggs`, has none: it names nobody
 *  one could write to. */
export function bareNames(bytes: Uint8Array, start: number, end: number): BareName[] {
  const found: BareName[] = [];
  let at = start;
  let words: [number, number][] = [];
  let hasAngle = false;
  const endEntry = () => {
    const [only] = words;
    if (!hasAngle && words.length === 1 && only !== undefined) note(...only);
    words = [];
    hasAngle = false;
  };
  const note = (from: number, to: number) => {
    const name = String.fromCharCode(...bytes.subarray(from, Math.min(to, from + 255)));
    if (to - from <= 64 && /^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/.test(name)) {
      found.push({ name, start: from, end: to });
    }
  };
  while (at < end) {
    switch (bytes[at]) {
      case TAB:
      case LF:
      case CR:
      case BLANK:
        at++;
        break;
      case OPEN_COMMENT:
        at = commentEnd(bytes, at, end);
        break;
      case COMMA:
      case SEMICOLON:
        endEntry();
        at++;
        break;
      case COLON:
        // The name of a group is no address.
        words = [];
        at++;
        break;
      case OPEN_ANGLE: {
        const from = skipBlanks(bytes, at + 1, end);
        let to = from;
        while (to < end && bytes[to] !== CLOSE_ANGLE) to++;
        let last = to;
        while (last > from && isBlank(bytes[last - 1])) last--;
        if (to < end) note(from, last);
        hasAngle = true;
        at = to + 1;
        break;
      }
      default: {
        const from = at;
        while (at < end && !endsWord(bytes[at])) {
          at = bytes[at] === QUOTE ? stringEnd(bytes, at, end) : at + 1;
        }
        // What stands alone here and ends nothing, such as a lone ")".
        if (at === from) at++;
        words.push([from, at]);
      }
    }
  }
  endEntry();
  return found;
}

/** The bytes from `start` to `end` with each bare name as `addressOf` writes it; null where there is
 *  none. */
export function qualified(
  bytes: Uint8Array,
  { start, end }: { readonly start: number; readonly end: number },
  addressOf: (name: string) => string,
): Uint8Array | null {
  const names = bareNames(bytes, start, end);
  if (names.length === 0) return null;
  const encoder = new TextEncoder();
  const pieces: Uint8Array[] = [];
  let from = start;
  for (const one of names) {
    pieces.push(bytes.subarray(from, one.start), encoder.encode(addressOf(one.name)));
    from = one.end;
  }
  pieces.push(bytes.subarray(from, end));
  const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let to = 0;
  for (const piece of pieces) {
    whole.set(piece, to);
    to += piece.length;
  }
  return whole;
}

/** Just past a comment, which may hold comments. */
function commentEnd(bytes: Uint8Array, start: number, end: number): number {
  let depth = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte === BACKSLASH) at++;
    else if (byte === OPEN_COMMENT) depth++;
    else if (byte === CLOSE_COMMENT && --depth === 0) return at + 1;
  }
  return end;
}

/** Just past a quoted string. */
function stringEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start + 1; at < end; at++) {
    if (bytes[at] === BACKSLASH) at++;
    else if (bytes[at] === QUOTE) return at + 1;
  }
  return end;
}

function skipBlanks(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && isBlank(bytes[at])) at++;
  return at;
}

function isBlank(byte: number | undefined): boolean {
  return byte === BLANK || byte === TAB || byte === LF || byte === CR;
}

function endsWord(byte: number | undefined): boolean {
  switch (byte) {
    case undefined:
    case TAB:
    case LF:
    case CR:
    case BLANK:
    case OPEN_COMMENT:
    case CLOSE_COMMENT:
    case COMMA:
    case COLON:
    case SEMICOLON:
    case OPEN_ANGLE:
    case CLOSE_ANGLE:
      return true;
    default:
      return false;
  }
}
