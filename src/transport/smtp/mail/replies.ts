// SMTP replies: cut out of the bytes that come, and taken apart. The channel reads them, the
// session and the transaction look at them; what a reply means is in `classify.ts`.

import type { Phase } from "../../../queue/outcome.ts";
import type { DeliveryOutcome } from "../../../queue/ports/transport.ts";
import type { Verdict } from "./classify.ts";
import { ConnectionBroken } from "../connection/broken.ts";

/** RFC 5321 allows 512 bytes; some servers explain themselves at more length. */
export const MAX_LINE_BYTES = 2_048;
/** All lines of one reply. What does not fit is no reply. */
export const MAX_REPLY_BYTES = 16_384;

const LF = 10, CR = 13, SPACE = 32, HYPHEN = 45, ZERO = 48;
// No part of a longer number or word: 5.1.1.7 is an address, 5.1.1-beta and 5.1.1/24 are no codes.
const CODE = "([245]\\.\\d{1,3}\\.\\d{1,3})(?![\\w/+~]|[.-]\\w|:\\d)";
/** The enhanced code where RFC 2034 wants it, and as servers write it there: `#5.1.1` (IronPort),
 *  `(5.1.1)`, `5.1.1:`. */
const LEADING = new RegExp(`^\\s*[([<]?#?${CODE}[)\\]>:;,.]*\\s?`);
/** qmail and its kin put it behind their words: `(#5.1.1)`, `(#5.1.1 - chkuser)`. Without the hash
 *  it might be a version. */
const TRAILING = new RegExp(`[([]#${CODE}`);
const decoder = new TextDecoder();

/** A complete reply. Its text is taken apart only when asked for: most replies just say yes. */
export class SmtpReply {
  /** `raw` is all lines as they came, without the last line end. */
  constructor(readonly code: number, readonly raw: string) {}

  /** The enhanced status code (RFC 3463), unless its class contradicts the code. */
  get enhanced(): string | null {
    const first = this.#agreeing(LEADING.exec(this.raw.slice(4)));
    // What says yes is not searched: that is nearly every reply.
    if (first !== null || this.code < 400) return first;
    for (const line of this.#rawLines()) {
      const found = this.#agreeing(LEADING.exec(line)) ?? this.#agreeing(TRAILING.exec(line));
      if (found !== null) return found;
    }
    return null;
  }

  #agreeing(match: RegExpExecArray | null): string | null {
    const found = match?.[1] ?? null;
    return found !== null && found[0] === this.raw[0] ? found : null;
  }

  #rawLines(): string[] {
    return this.raw.split(/\r?\n/).map((line) => line.slice(4));
  }

  /** The text of each line, without its codes. */
  get lines(): string[] {
    const { enhanced } = this;
    return this.#rawLines().map((line) => {
      const leading = enhanced === null ? null : LEADING.exec(line);
      return leading?.[1] === enhanced ? line.slice(leading?.[0].length) : line;
    });
  }

  get text(): string {
    return this.lines.join("\n");
  }
}

/** Cuts the bytes of a server into replies. Memory is bounded: a line or reply over its limit,
 *  or anything that is no reply, throws `ConnectionBroken` of kind garbage. */
export class ReplyReader {
  readonly #buffer = new Uint8Array(MAX_REPLY_BYTES);
  /** Where the reply, its current line and the free space begin. */
  #start = 0;
  #line = 0;
  #end = 0;

  /** Whether bytes are waiting that no reply has been made of. */
  get hasRest(): boolean {
    return this.#end > this.#start;
  }

  /** Those bytes, for showing. */
  get rest(): string {
    return decoder.decode(this.#buffer.subarray(this.#start, this.#end));
  }

  /** Room for the next bytes; call `filled` with their number. Replies may be taken meanwhile. */
  space(): Uint8Array {
    if (this.#start > 0) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#line -= this.#start;
      this.#end -= this.#start;
      this.#start = 0;
    }
    return this.#buffer.subarray(this.#end);
  }

  filled(count: number): void {
    this.#end += count;
  }

  /** The next reply, or null until more bytes have come. */
  next(): SmtpReply | null {
    while (this.#line < this.#end) {
      const lf = this.#buffer.indexOf(LF, this.#line);
      const isWhole = lf >= 0 && lf < this.#end;
      const lineEnd = isWhole ? lf : this.#end;
      if (lineEnd - this.#line > MAX_LINE_BYTES) throw garbage("a line that has no end");
      if (!isWhole) break;
      const isLast = this.#checkLine(lf);
      this.#line = lf + 1;
      if (isLast) return this.#take(lf);
    }
    if (this.#end - this.#start >= MAX_REPLY_BYTES) throw garbage("a reply that has no end");
    return null;
  }

  /** Whether the line that ends at `lf` is the last of its reply. */
  #checkLine(lf: number): boolean {
    const code = this.#codeAt(this.#line);
    const isSameCode = code === this.#codeAt(this.#start);
    const after = this.#buffer[this.#line + 3];
    const isLast = after === SPACE || after === CR || after === LF;
    if (code < 200 || code > 599 || !isSameCode || !(isLast || after === HYPHEN)) {
      const text = decoder.decode(this.#buffer.subarray(this.#line, Math.min(lf, this.#line + 80)));
      throw garbage(JSON.stringify(text));
    }
    return isLast;
  }

  /** The three digits at `at`, or -1. */
  #codeAt(at: number): number {
    const a = (this.#buffer[at] ?? 0) - ZERO;
    const b = (this.#buffer[at + 1] ?? 0) - ZERO;
    const c = (this.#buffer[at + 2] ?? 0) - ZERO;
    const areDigits = a >= 0 && a <= 9 && b >= 0 && b <= 9 && c >= 0 && c <= 9;
    return areDigits ? a * 100 + b * 10 + c : -1;
  }

  #take(lf: number): SmtpReply {
    const end = this.#buffer[lf - 1] === CR ? lf - 1 : lf;
    const code = this.#codeAt(this.#start);
    const reply = new SmtpReply(code, decoder.decode(this.#buffer.subarray(this.#start, end)));
    this.#start = this.#line;
    return reply;
  }
}

function garbage(what: string): ConnectionBroken {
  return new ConnectionBroken("garbage", `the server sent what is no SMTP reply: ${what}`);
}

/** What a reply in a phase means for a recipient. */
export function outcomeOf(verdict: Verdict, reply: SmtpReply, phase: Phase): DeliveryOutcome {
  return {
    kind: verdict.kind,
    isRelayFault: verdict.isRelayFault,
    code: reply.code,
    enhanced: reply.enhanced,
    text: reply.text,
    phase,
  };
}
