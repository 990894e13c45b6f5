// Finds the lines of SMTP commands in what a client sends, and says why a line is none. Called by
// session.ts; what a line means is command.ts's work.

import type { SmtpInput } from "./input.ts";

const LF = 10;
const CR = 13;

/** RFC 5321 4.5.3.1.4 asks for 512 octets; the parameters of RFC 3461 and RFC 1870 need more. */
const MAX_COMMAND_BYTES = 2_048;

/** A line the client sent, or why it is none that could be obeyed. */
type CommandLine =
  | { readonly kind: "line"; readonly text: string }
  | { readonly kind: "too long" }
  /** It has line ends or other control characters in it, or is no UTF-8. */
  | { readonly kind: "garbled" };

/** Reads the lines of commands. They end in CRLF; only a client whose very first line, its greeting,
 *  ends in a bare LF may go on so, and must: somebody at a terminal, or a shell's here-document. To
 *  all others a bare LF or CR is garbage, so that what an application lets into an address begins
 *  no command of its own. */
export class CommandReader {
  #takesBareLf: boolean | null = null;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

  constructor(readonly input: SmtpInput) {}

  /** Whether this client's lines end in a bare LF. */
  get takesBareLf(): boolean {
    return this.#takesBareLf ?? false;
  }

  /** The next line; null where the input ends. A line without its end counts for nothing. */
  async next(): Promise<CommandLine | null> {
    const { input } = this;
    let searched = 0;
    let isTooLong = false;
    for (;;) {
      const end = this.#lineEnd(searched);
      if (end !== null) {
        const line = input.bytes.subarray(0, end.from);
        const read: CommandLine = isTooLong || line.length > MAX_COMMAND_BYTES
          ? { kind: "too long" }
          : this.#decode(line);
        input.take(end.to);
        return read;
      }
      if (input.bytes.length > MAX_COMMAND_BYTES) {
        isTooLong = true;
        // A CR may be half of the end.
        input.take(input.bytes.length - 1);
      }
      searched = Math.max(0, input.bytes.length - 1);
      if (!await input.more()) return null;
    }
  }

  #lineEnd(searched: number): { readonly from: number; readonly to: number } | null {
    const { bytes } = this.input;
    let at = bytes.indexOf(LF, searched);
    if (at < 0) return null;
    this.#takesBareLf ??= at === 0 || bytes[at - 1] !== CR;
    while (at >= 0) {
      if (this.#takesBareLf) return { from: at, to: at + 1 };
      if (at > 0 && bytes[at - 1] === CR) return { from: at - 1, to: at + 1 };
      at = bytes.indexOf(LF, at + 1);
    }
    return null;
  }

  #decode(line: Uint8Array): CommandLine {
    // Tabs too: no command has one.
    if (line.some((byte) => byte < 32 || byte === 127)) return { kind: "garbled" };
    try {
      return { kind: "line", text: this.#decoder.decode(line) };
    } catch {
      return { kind: "garbled" };
    }
  }
}
