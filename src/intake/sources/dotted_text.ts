// A message's text up to the line of a single dot, as a source of bytes: for sendmail(1). Which line
// that is, is dot_decoder.ts's to say.

import { DotDecoder, type DotRules } from "./dot_decoder.ts";
import type { ReadAhead } from "./read_ahead.ts";
import type { ByteSource } from "./files.ts";

/** A text that ends at the first line of a single dot, which is no part of it, or with `input`. Its
 *  bytes come from there, where what lies behind that line is left. */
export class DottedText implements ByteSource {
  readonly #decoder: DotDecoder;
  #isOver = false;

  constructor(readonly input: ReadAhead, rules: DotRules) {
    this.#decoder = new DotDecoder(rules);
  }

  /** Whether the line was there. */
  get hasEnd(): boolean {
    return this.#decoder.hasEnd;
  }

  readSync(into: Uint8Array): number | null {
    let filled = 0;
    while (filled === 0 && !this.#isOver && !this.hasEnd) {
      if (this.input.bytes.length === 0 && !this.input.more()) {
        filled = this.#decoder.giveHeld(into);
        this.#isOver = filled === 0;
      } else filled = this.#decoder.copy(this.input, into);
    }
    return filled === 0 ? null : filled;
  }
}
