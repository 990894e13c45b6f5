// What was said in one hand-over, for people who look for a fault. The channel writes it; it comes
// into the report only if a recipient was not sent to. Secrets and bodies are never given to it.

import type { SmtpReply } from "../mail/replies.ts";

/** A transcript's size at most, in UTF-8 bytes; of a longer one the middle is left out. */
export const MAX_TRANSCRIPT_BYTES = 65_536;

const KEPT_ENTRIES = 500;
const GAP = "-- …\n";

/** Who spoke: the client, the server, or nobody (a remark). */
type Speaker = "C" | "S" | "--";

interface Entry {
  readonly at: number;
  readonly speaker: Speaker;
  readonly said: string | SmtpReply;
}

/** What was said in one hand-over. Keeping it costs a reference and a time for each step; lines
 *  are made only when somebody wants to read them. */
export class Transcript {
  #startedAt = 0;
  /** The first and the last steps. */
  #head: Entry[] = [];
  #tail: Entry[] = [];
  #skipped = false;

  /** `onSaid` is told each line as it is said. */
  constructor(readonly onSaid: ((line: string) => void) | null = null) {}

  /** Forgets everything; times count from `now`. */
  restart(now: number): void {
    this.#startedAt = now;
    this.#head.length = 0;
    this.#tail.length = 0;
    this.#skipped = false;
  }

  /** Adds a reply, or text of one or more lines. */
  add(at: number, speaker: Speaker, said: string | SmtpReply): void {
    if (this.onSaid !== null) {
      for (const line of this.#linesOf([{ at, speaker, said }])) this.onSaid(line.trimEnd());
    }
    if (this.#head.length < KEPT_ENTRIES) {
      this.#head.push({ at, speaker, said });
      return;
    }
    this.#tail.push({ at, speaker, said });
    if (this.#tail.length >= KEPT_ENTRIES * 2) {
      this.#tail = this.#tail.slice(KEPT_ENTRIES);
      this.#skipped = true;
    }
  }

  /** The lines, each as `    12 C: …` with its ms since the start. */
  format(): string {
    const head = this.#linesOf(this.#head);
    const tail = this.#linesOf(this.#tail);
    const whole = head.concat(this.#skipped ? GAP : "", tail).join("");
    const encoder = new TextEncoder();
    const bytes = encoder.encode(whole);
    if (bytes.length <= MAX_TRANSCRIPT_BYTES) return whole;
    const half = Math.floor((MAX_TRANSCRIPT_BYTES - encoder.encode(GAP).length) / 2);
    const decoder = new TextDecoder();
    const first = decoder.decode(bytes.subarray(0, bytes.lastIndexOf(10, half - 1) + 1));
    const last = decoder.decode(bytes.subarray(bytes.indexOf(10, bytes.length - half - 1) + 1));
    return first + GAP + last;
  }

  #linesOf(entries: readonly Entry[]): string[] {
    const lines: string[] = [];
    for (const { at, speaker, said } of entries) {
      const time = String(Math.round(at - this.#startedAt)).padStart(6);
      const text = typeof said === "string" ? said : said.raw;
      for (const line of text.replace(/(\r?\n)+$/, "").split(/\r?\n/)) {
        lines.push(`${time} ${speaker === "--" ? speaker : `${speaker}:`} ${line}\n`);
      }
    }
    return lines;
  }
}
